"""States, instants, ids and errors as pages show them."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from django.utils.html import format_html

from applications import enums, icons
from applications.forms.base import FilterForm, PortalForm
from applications.templatetags import portal_ui

END = datetime(2023, 7, 1, tzinfo=UTC)
ID = UUID("dc4d27d9-ea49-4921-938f-7782a774e151")


def render(text, **context):
    return Template("{% load portal_ui crispy_forms_tags %}" + text).render(Context(context))


class TestState:
    @pytest.mark.parametrize(
        "code",
        [
            *enums.State.values,
            *enums.Outcome.values,
            *enums.AccessReason.values,
            *enums.CapabilityState.values,
            *enums.FlagEffect.values,
            *(f"risk_{risk}" for risk in enums.Risk.values),
        ],
    )
    def test_every_code_of_the_product_has_an_icon_and_a_word(self, code):
        badge = portal_ui.state(code)
        assert "<svg" in badge
        assert str(portal_ui._FACES[code][2]) in badge

    def test_a_note_stands_beneath(self):
        assert 'class="state-note">until <b>' in portal_ui.state(
            "granted", note=format_html("until <b>{}</b>", "x")
        )

    def test_label_and_note_are_escaped(self):
        badge = portal_ui.state("errors", label="<i>2</i>", note="<script>")
        assert "<i>" not in badge
        assert "<script>" not in badge

    def test_a_code_nobody_knows_is_our_fault(self):
        with pytest.raises(KeyError):
            portal_ui.state("sleeping")

    def test_faces_name_icons_that_exist(self):
        assert {shape for shape, _meaning, _word in portal_ui._FACES.values()} <= set(icons.SHAPES)


class TestInstants:
    @pytest.mark.parametrize(
        ("shown", "expected"),
        [
            (portal_ui.day(END), '<time datetime="2023-07-01">1 July 2023</time>'),
            (portal_ui.day(date(2022, 6, 21)), '<time datetime="2022-06-21">21 June 2022</time>'),
            (portal_ui.short_day(END), '<time datetime="2023-07-01">1 July</time>'),
            (portal_ui.last_day(END), '<time datetime="2023-06-30">30 June 2023</time>'),
            (
                portal_ui.last_instant(END),
                '<time datetime="2023-06-30T23:59:59Z">30 June 2023, 23:59 UTC</time>',
            ),
            (
                portal_ui.instant(END, "Asia/Tokyo"),
                '<time datetime="2023-07-01T00:00:00Z">1 July 2023, 09:00 JST</time>',
            ),
        ],
    )
    def test_a_date_has_its_year_and_an_end_its_hour_and_zone(self, shown, expected):
        assert shown == expected

    @pytest.mark.parametrize(
        "show",
        [portal_ui.day, portal_ui.short_day, portal_ui.instant, portal_ui.last_day, portal_ui.last_instant],
    )
    def test_no_instant_is_nothing(self, show):
        assert show(None) == ""

    def test_months_are_in_the_readers_language(self):
        with translation.override("nl"):
            assert "30 juni 2023" in portal_ui.last_day(END)


class TestIds:
    def test_an_id_is_whole_and_breaks_only_after_a_dash(self):
        shown = portal_ui.guid(ID)
        assert shown.replace("<wbr>", "") == f'<span class="id">{ID}</span>'
        assert shown.count("-<wbr>") == 4

    def test_what_is_not_an_id_is_escaped(self):
        assert "<script>" not in portal_ui.guid("<script>")


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [
        ("Choose one.", "Choose one.", ""),
        ("This is a key. Enter the ID.", "This is a key.", "Enter the ID."),
        ("Choose a tier such as S0", "Choose a tier such as S0", ""),
        ("Is it yours? Then say so. Twice.", "Is it yours?", "Then say so. Twice."),
    ],
)
def test_an_error_is_what_is_wrong_and_what_to_do(text, first, rest):
    assert (portal_ui.first_sentence(text), portal_ui.rest_of(text)) == (first, rest)


class Form(PortalForm):
    read_back = ("subscription",)
    option_help = {"tier": {"f0": "You can change it later"}}
    subscription = forms.CharField(label="Subscription ID", help_text="Five groups")
    tier = forms.ChoiceField(choices=[("s0", "S0"), ("f0", "F0")], widget=forms.RadioSelect, label="Tier")
    note = forms.CharField(required=False, label="Note")

    def clean(self):
        if self.data.get("note") == "clash":
            raise forms.ValidationError("Somebody saved this section before you. Compare both.")


class TestForms:
    def test_fields_in_error_are_linked_from_the_summary(self):
        page = render("{% error_summary form %}", form=Form({}))
        assert '<a href="#id_subscription">Subscription ID: This field is required</a>' in page
        assert '<a href="#id_tier_0">Tier: This field is required</a>' in page
        assert "2 answers need a change" in page

    def test_a_summary_shown_above_is_not_said_again_by_the_form(self):
        assert (
            render("{% error_summary form %}{% crispy form %}", form=Form({})).count("data-error-summary")
            == 1
        )

    def test_a_form_whose_page_forgot_the_summary_shows_it_itself(self):
        page = render("{% crispy form %}", form=Form({"subscription": "x", "tier": "s0", "note": "clash"}))
        assert page.count("Somebody saved this section before you.") == 1
        assert "This did not work" in page

    def test_a_message_stands_once_at_its_field_between_help_and_control(self):
        page = render("{% crispy form %}", form=Form({"tier": "s0"}))
        order = [
            page.index(part) for part in ("Five groups", 'id="id_subscription_error"', 'name="subscription"')
        ]
        assert order == sorted(order)
        assert page.count("<b>This field is required.</b>") == 1
        assert 'aria-describedby="id_subscription_helptext id_subscription_error"' in page

    def test_optional_fields_are_marked_and_required_ones_are_not(self):
        assert render("{% crispy form %}", form=Form()).count("(optional)") == 1

    def test_choices_stand_in_a_fieldset_with_their_help(self):
        page = render("{% crispy form %}", form=Form())
        assert page.count("<fieldset") == 1
        assert 'F0<span class="choice-help">You can change it later</span>' in page

    def test_a_long_id_is_read_back(self):
        page = render("{% crispy form %}", form=Form({"subscription": str(ID)}))
        assert str(portal_ui.guid(ID)) in page

    def test_a_filter_form_carries_no_token_and_marks_nothing(self):
        class Filter(FilterForm):
            q = forms.CharField(required=False)

        page = render("{% crispy form %}", form=Filter({}), csrf_token="t")
        assert "csrfmiddlewaretoken" not in page
        assert "optional" not in page

    def test_formsets_add_their_errors_to_the_summary(self):
        rows = forms.formset_factory(Form, extra=1, max_num=1, validate_max=True)(
            {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-note": "a", "form-1-note": "b"}
        )
        page = render("{% error_summary formset %}", formset=rows)
        assert '<a href="#id_form-1-subscription">' in page
        assert "Please submit at most 1 form" in page


class TestFrame:
    @pytest.mark.parametrize(
        ("cookie", "chosen"), [("dark", "dark"), ("light", "light"), ('"><b>', ""), ("", "")]
    )
    def test_only_a_known_theme_is_taken_from_the_cookie(self, cookie, chosen):
        request = RequestFactory().get("/", headers={"cookie": f"theme={cookie}"})
        assert render("{% theme %}", request=request) == chosen

    @pytest.mark.parametrize(
        ("path", "mark"),
        [
            ("/accounts/login/", ' aria-current="page"'),
            ("/accounts/login/code/", ' aria-current="true"'),
            ("/", ""),
        ],
    )
    def test_a_link_is_marked_at_and_below_its_page(self, path, mark):
        page = render('{% nav_item "account_login" "Sign in" %}', request=RequestFactory().get(path))
        assert page.strip() == f'<li><a href="/accounts/login/"{mark}>Sign in</a></li>'
