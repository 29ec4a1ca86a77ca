"""Addresses of the product (floor 7). Fixed words under an application come before the codes of its sections."""

from django.urls import URLPattern, URLResolver, path

from applications.site import desk_site
from applications.views import (
    access,
    application,
    check,
    evidence,
    papers,
    public,
    status,
    team,
    transparency,
    verification,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    path("admin/", desk_site.urls),
    path("check/", public.check, name="check"),
    path("catalogue/", public.catalogue, name="catalogue"),
    path("decode/", public.decode, name="decode"),
    path("access/", access.index, name="access"),
    path("access/dates.ics", papers.calendar, name="access-dates"),
    path("verify/", verification.verify, name="verify"),
    path("transparency/", transparency.page, name="transparency"),
    path("transparency/data.json", transparency.data, name="transparency-data"),
    path("applications/", application.index, name="application-list"),
    path("applications/new/", application.new, name="application-new"),
    path("applications/<str:reference>/", application.overview, name="application"),
    path("applications/<str:reference>/check/", check.check, name="application-check"),
    path("applications/<str:reference>/submitted/", check.submitted, name="application-submitted"),
    path("applications/<str:reference>/status/", status.status, name="application-status"),
    path("applications/<str:reference>/answers/", status.answers, name="application-answers"),
    path("applications/<str:reference>/answers.pdf", papers.answers, name="application-answers-pdf"),
    path("applications/<str:reference>/letter.pdf", papers.letter, name="application-letter"),
    path("applications/<str:reference>/withdraw/", status.withdraw, name="application-withdraw"),
    path("applications/<str:reference>/discard/", application.discard, name="application-discard"),
    path(
        "applications/<str:reference>/files/<slug:name>/",
        evidence.download,
        name="application-file",
    ),
    path(
        "applications/<str:reference>/files/<slug:name>/remove/",
        evidence.remove,
        name="application-file-remove",
    ),
    path("applications/<str:reference>/<str:section>/", application.section, name="application-section"),
    path("accounts/start/", team.start, name="account-start"),
    path("accounts/organisation/", team.organisation, name="organisation"),
    path("accounts/team/", team.team, name="team"),
    path("accounts/team/<int:customer_id>/", team.team_of, name="team-of"),
    path("accounts/team/<int:customer_id>/invite/", team.invite, name="team-invite"),
    path("accounts/team/<int:customer_id>/leave/", team.leave, name="team-leave"),
    path(
        "accounts/team/<int:customer_id>/invitations/<int:invitation_id>/withdraw/",
        team.withdraw_invitation,
        name="team-withdraw-invitation",
    ),
    path(
        "accounts/team/<int:customer_id>/requests/<int:request_id>/",
        team.answer_join,
        name="team-answer-join",
    ),
    path("accounts/team/<int:customer_id>/members/<int:member_id>/", team.member, name="team-member"),
    path(
        "accounts/team/<int:customer_id>/members/<int:member_id>/hand-over/",
        team.hand_over,
        name="team-hand-over",
    ),
    path("accounts/team/<int:customer_id>/members/<int:member_id>/remove/", team.remove, name="team-remove"),
    path("accounts/invitation/<str:token>/", team.invitation, name="invitation"),
]
