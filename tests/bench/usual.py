"""The decision API as one usually writes it: Django REST framework with its token, its serializers, and the ORM.

The rule and the edition are ours, so that what differs is the way to them and back.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from applications.models import Subscription
from applications.queries.decision import next_step
from applications.queries.policy import edition_in_force
from applications.rules.access import UNKNOWN, Ask, Facts, Right, decide
from tests.faults.world import now

RIGHT = ("basis", "starts_at", "ends_at", "revoked_at", "id")


class Question(serializers.Serializer[Any]):
    subscription_id = serializers.UUIDField()
    capability = serializers.CharField(max_length=80)


class Answer(serializers.Serializer[Any]):
    subscription_id = serializers.UUIDField()
    capability = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField()
    ends_at = serializers.DateTimeField(allow_null=True)
    valid_for_s = serializers.IntegerField()
    evaluated_at = serializers.DateTimeField()
    edition = serializers.CharField()
    next_step = serializers.CharField(allow_null=True)


class Usual(APIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        question = Question(data=request.query_params)
        question.is_valid(raise_exception=True)
        asked: dict[str, Any] = question.validated_data
        edition = edition_in_force()
        code = asked["capability"]
        capability = edition.capability(code)
        held = Subscription.objects.filter(guid=asked["subscription_id"]).first()
        facts = UNKNOWN
        if held is not None and capability is not None:
            use = held.uses.filter(service=capability.service).first()
            facts = Facts(
                known=True,
                existing=edition.is_existing(use.first_used_on if use else None, capability.gate),
                rights=tuple(
                    Right(*(getattr(one, name) for name in RIGHT))
                    for one in held.grants.filter(capability=code)
                ),
                asks=tuple(
                    Ask(one.asked_at, one.closed_at, one.outcome)
                    for one in held.items.filter(capability=code, customer=held.customer_id)
                ),
                suspensions=tuple((one.starts_at, one.ends_at) for one in held.suspensions.all()),
            )
        verdict = decide(facts, capability, now())
        answer = {
            **asked,
            **{
                name: getattr(verdict, name) for name in ("allowed", "ends_at", "valid_for_s", "evaluated_at")
            },
            "reason": verdict.reason.value,
            "edition": edition.code,
            "next_step": next_step(verdict.reason, code),
        }
        return Response(Answer(answer).data)
