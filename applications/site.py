"""Floor 7: the desk: an AdminSite of our own whose first page is the queue (design §4)."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from applications.admin import MODEL_PAGES
from applications.permissions import Can, can
from applications.views import (
    attention,
    blind,
    deadlines,
    decision,
    desk,
    editions,
    evidence,
    forgetting,
    gateways,
    handing,
    joins,
    leads,
    more_time,
    outbox,
    papers,
    queue,
    record,
    review,
    rights,
    runs,
    you,
)

View = Callable[..., HttpResponse]


class Desk(AdminSite):
    """Staff only; what each may do is `applications.permissions`. Signing in and out is the site's own."""

    site_title = _("Review desk")
    site_header = _("Limited Access Portal review desk")
    index_title = _("Desk")
    enable_nav_sidebar = True
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Anonymous people sign in first; a customer gets a page that says where to go (not a bare 403).

        What is Django's own here is for reading: its forms have no POST to go around the actions by.
        """
        inner = super().admin_view(view, cacheable)
        methods = getattr(view, "methods", ("GET", "HEAD"))

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if request.user.is_authenticated and not self.has_permission(request):
                return render(request, "admin/not_staff.html", status=403)
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            request.desk = lambda: self.each_context(request)  # type: ignore[attr-defined]  # a StaffRequest
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    def each_context(self, request: Any) -> dict[str, Any]:
        return {
            **super().each_context(request),
            "desk_nav": desk.navigation(request) if self.has_permission(request) else [],
        }

    def get_app_list(self, request: Any, app_label: str | None = None) -> list[Any]:
        """Only for the page of an app: the desk has its own side bar, and Django's would be made for every page."""
        return super().get_app_list(request, app_label) if app_label else []

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            *(path(route, self.admin_view(view), name=name) for route, view, name in _ROUTES),
            *super().get_urls(),
        ]

    def index(self, request: Any, extra_context: dict[str, Any] | None = None) -> Any:
        """The queue; who sees no cases (operators) gets the list of what they may see."""
        if can(request.user, Can.SEE_CASES):
            return queue.index(request)
        return super().index(request, extra_context)

    @method_decorator(require_safe)
    def login(self, request: Any, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: Any, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: Any, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")


_ROUTES: tuple[tuple[str, View, str], ...] = (
    ("queue/take-next/", queue.take_next, "take-next"),
    ("queue/filters/", queue.save_filter, "filter-save"),
    ("queue/filters/<int:pk>/delete/", queue.delete_filter, "filter-delete"),
    ("queue/<str:reference>/", review.case, "case"),
    ("queue/<str:reference>/claim/", review.claim, "case-claim"),
    ("queue/<str:reference>/release/", review.release, "case-release"),
    ("queue/<str:reference>/assign/", review.assign, "case-assign"),
    ("queue/<str:reference>/near/", review.near, "case-near"),
    ("queue/<str:reference>/ask/", review.ask, "case-ask"),
    ("queue/<str:reference>/flags/<int:flag>/", review.settle, "case-flag"),
    ("queue/<str:reference>/sections/<str:section>/", review.judge, "case-section"),
    ("queue/<str:reference>/files/<slug:name>/", evidence.download_of_case, "case-file"),
    ("queue/<str:reference>/letter.pdf", papers.letter_of_case, "case-letter"),
    ("queue/<str:reference>/archive.zip", record.archive, "case-archive"),
    ("queue/<str:reference>/record/", record.of_application, "trail-application"),
    ("queue/<str:reference>/notes/", review.note, "case-note"),
    ("queue/<str:reference>/read/", review.read, "case-read"),
    ("queue/<str:reference>/conditions/<slug:code>/", review.settle_condition, "case-condition"),
    ("queue/<str:reference>/decision/", decision.preview, "case-decision"),
    ("queue/<str:reference>/decision/edit/", decision.edit, "case-edit"),
    ("queue/<str:reference>/decision/confirm/", decision.confirm, "case-confirm"),
    ("queue/<str:reference>/decision/second/", decision.second, "case-second"),
    ("queue/<str:reference>/decision/return/", decision.give_back, "case-return"),
    ("queue/<str:reference>/decision/take-back/", decision.take_back, "case-take-back"),
    ("blind/", blind.index, "blind"),
    ("blind/take/", blind.take, "blind-take"),
    ("blind/<str:reference>/", blind.case, "blind-case"),
    ("figures/", leads.index, "figures"),
    ("figures/figures.csv", leads.as_csv, "figures-csv"),
    ("handing/", handing.index, "handing"),
    ("handing/preview/", handing.preview, "handing-preview"),
    ("handing/confirm/", handing.confirm, "handing-confirm"),
    ("handing/rebalance/", handing.rebalance, "rebalance"),
    ("handing/write/", handing.write, "write-many"),
    ("deadlines/", deadlines.index, "deadlines"),
    ("deadlines/previews/<int:preview>/arm/", deadlines.arm, "preview-arm"),
    ("deadlines/held/<int:run>/release/", deadlines.release, "notices-release"),
    ("deadlines/<str:at>/", deadlines.deadline, "deadline"),
    ("deadlines/<str:at>/forecast.csv", deadlines.forecast_csv, "deadline-forecast"),
    ("deadlines/<str:at>/close/", deadlines.close, "deadline-close"),
    ("rights/", rights.index, "rights"),
    ("rights/requests/<int:pk>/", more_time.asked, "time-request"),
    ("rights/requests/<int:pk>/propose/", more_time.propose, "time-propose"),
    ("rights/requests/<int:pk>/decline/", more_time.decline, "time-decline"),
    ("rights/<uuid:guid>/", rights.file, "rights-file"),
    ("rights/<uuid:guid>/<slug:name>/", rights.act, "rights-act"),
    ("rights/proposals/<int:proposal>/", rights.answer, "rights-answer"),
    ("editions/", editions.index, "editions"),
    ("editions/<str:code>/", editions.edition, "edition"),
    ("editions/<str:code>/propose/", editions.propose, "edition-propose"),
    ("editions/<str:code>/activate/", editions.activate, "edition-activate"),
    ("record/access/", record.report, "report"),
    ("record/access.csv", record.report_csv, "report-csv"),
    ("record/customers/<int:pk>/", record.of_customer, "trail-customer"),
    ("record/people/<int:pk>/", record.of_person, "trail-person"),
    ("privacy/", forgetting.index, "privacy"),
    ("privacy/person/", forgetting.erase_person, "privacy-person"),
    ("privacy/customers/<int:pk>/", forgetting.customer, "privacy-customer"),
    ("privacy/customers/<int:pk>/<slug:what>/", forgetting.act, "privacy-act"),
    ("outbox/", outbox.index, "outbox"),
    ("outbox/stop/", outbox.stop, "mail-stop"),
    ("outbox/start/", outbox.start, "mail-start"),
    ("outbox/<int:pk>/retry/", outbox.try_again, "message-retry"),
    ("gateways/", gateways.index, "gateways"),
    ("gateways/register/", gateways.register, "gateway-register"),
    ("gateways/<int:pk>/", gateways.gateway, "gateway"),
    ("gateways/<int:pk>/enable/", gateways.enable, "gateway-enable"),
    ("gateways/<int:pk>/key/", gateways.replace_key, "gateway-key"),
    ("gateways/<int:pk>/<slug:name>/", gateways.act, "gateway-act"),
    ("gateways/keys/<int:key>/end/", gateways.end_key, "gateway-key-end"),
    ("gateways/proposals/<int:proposal>/", gateways.answer, "gateway-answer"),
    ("gateways/endpoints/<int:pk>/", gateways.endpoint, "endpoint"),
    ("gateways/endpoints/<int:pk>/<slug:name>/", gateways.endpoint_act, "endpoint-act"),
    ("attention/", attention.index, "attention"),
    ("attention/letters.pdf", attention.letters, "attention-letters"),
    ("attention/posted/", attention.posted, "attention-posted"),
    ("attention/<int:pk>/", attention.one, "attention-one"),
    ("attention/<int:pk>/letter.pdf", attention.letter, "attention-letter"),
    ("attention/<int:pk>/<slug:name>/", attention.settle, "attention-settle"),
    ("joins/", joins.index, "joins"),
    ("joins/<int:request_id>/", joins.answer, "join-answer"),
    ("people/<int:person_id>/sign-out/", joins.sign_out, "person-sign-out"),
    ("people/<int:person_id>/disable/", joins.disable, "person-disable"),
    ("people/<int:person_id>/enable/", joins.enable, "person-enable"),
    ("people/<int:person_id>/conflicts/<int:conflict>/", joins.lift, "conflict-lift"),
    ("runs/", runs.index, "runs"),
    ("you/", you.index, "you"),
    ("you/digest/", you.digest, "you-digest"),
    ("you/absence/", you.absence, "you-absence"),
    ("people/<int:person_id>/absence/", joins.absence, "person-absence"),
)

desk_site = Desk(name="admin")
for model, page in MODEL_PAGES:
    desk_site.register(model, page)
