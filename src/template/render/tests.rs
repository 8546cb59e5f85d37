//! What strings render to, and what is told of those that do not.

use super::*;
use crate::template::diagnose::apply_edits;

fn scope() -> Scope {
    let mut scope = Scope::default();
    scope.set("php", "8.2");
    scope.set("admin", "root");
    scope.set_in("image", "name", "web");
    scope.declare_secret("token");
    scope.poison("wrong");
    scope
}

fn flaws(text: &str) -> Vec<(String, String)> {
    let found = render(text, &scope(), Secrets::Refused).expect_err("it is flawed");
    found.into_iter().map(|flaw| (text[flaw.range].to_owned(), flaw.message)).collect()
}

#[test]
fn text_without_expressions_is_left_alone() {
    let text = "a { b } # c\n";
    assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some(text.into())));
}

#[test]
fn newlines_at_the_end_stay_and_blocks_leave_none() {
    let text = "{% if php == '8.2' %}\nx {{ image.name }}\n{% endif %}\ny\n";
    assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some("x web\ny\n".into())));
}

#[test]
fn booleans_are_written_in_lower_case() {
    let mut scope = scope();
    scope.set("tls", false);
    assert_eq!(
        render("{{ tls }} {{ php == '8.2' }} {{ 0 + 1 }}", &scope, Secrets::Refused),
        Ok(Some("false true 1".into()))
    );
}

#[test]
fn every_undefined_name_is_found_at_its_place() {
    let found = flaws("{{ phh }} {{ image.nam }} {% if admn is defined %}{{ x.phh }}{% endif %} 'phh'");
    let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["phh", "image.nam", "admn", "x"]);
    assert_eq!(found[0].1, "undefined variable `phh`");
}

#[test]
fn names_made_by_the_template_itself_are_no_mistake() {
    let text = "{% set x = 1 %}{% for y in range(2) %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}";
    assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some("101112".into())));
}

#[test]
fn what_uses_a_wrong_value_has_none_and_says_nothing() {
    assert_eq!(render("{{ wrong }}", &scope(), Secrets::Refused), Ok(None));
}

#[test]
fn errors_of_minijinja_have_a_place_and_a_hint() {
    assert_eq!(flaws("{{ php|nofilter }}")[0].0, "nofilter");
    assert_eq!(
        flaws("a\nb {{.Name}}\n{{ phh }} {{.Id}}")
            .iter()
            .map(|(place, _)| place.as_str())
            .collect::<Vec<_>>(),
        ["{{.Name}}", "phh", "{{.Id}}"]
    );
    assert_eq!(flaws("a\n{{ php\nb")[0].0, "{{ php");
}

#[test]
fn lengths_in_bash_are_text() {
    for text in ["NUM=${#arr[@]}\nKEEP=yes\n#}\nEND=1", "${#x} {#", "#} {# ${#}"] {
        assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some(text.into())), "{text}");
    }
    let beside = "{{ php }} ${#x} #}";
    assert_eq!(render(beside, &scope(), Secrets::Refused), Ok(Some("8.2 ${#x} #}".into())));
}

#[test]
fn a_comment_leaves_nothing() {
    let text = "a\n  {% comment %} {{ phh }}\n {# #} {% endcomment %}\nb";
    assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some("a\nb".into())));
}

/// What a hint says, done.
fn mended(text: &str) -> String {
    let flaws = render(text, &scope(), Secrets::Refused).expect_err("it is flawed");
    flaws.iter().for_each(|flaw| assert!(flaw.hint.is_some(), "{text}: {}", flaw.message));
    apply_edits(text, flaws.iter().flat_map(|flaw| &flaw.edits))
}

#[test]
fn braces_of_other_programs_reach_the_machine_when_the_hint_is_followed() {
    for text in [
        "docker ps --format '{{.Names}}' | sort\n",
        "docker inspect -f '{{range .Mounts}}{{.Source}}{{end}}' x",
        "key: ${{ github.ref }}\nother: ${{ secrets_of.X }}",
        "awk '{{print $1}}' f; printf '{%s}\\n' x",
        "  {{ ansible_host }}\n{{#if x}}\n  {{/if}}\nend",
        "{% block content %}x{% endblock %}",
        "{% extends 'base.html' %}\n",
        "int a[1] = {{0}}, b = {{1, 2}};",
        "a {{ b\nc",
        "{% load static %}{% csrf_token %}",
        "{{ namespace }} x",
        "{{ printf \"%s\" .Values.x }} and {{- end -}}",
    ] {
        let mended = mended(text);
        assert_eq!(render(&mended, &scope(), Secrets::Refused), Ok(Some(text.into())), "{mended}");
    }
}

#[test]
fn the_comments_of_jinja_are_told_and_not_written() {
    let text = "a\n{# old {{ phh }}\n comment #}\nb {# x #} c ${#d}";
    assert_eq!(flaws(text).len(), 2);
    let mended = mended(text);
    assert_eq!(render(&mended, &scope(), Secrets::Refused), Ok(Some("a\nb  c ${#d}".into())), "{mended}");
}

#[test]
fn secrets_are_placeholders_and_only_where_they_may_be() {
    let rendered = render("x={{ secrets.token }}", &scope(), Secrets::Allowed);
    assert_eq!(rendered, Ok(Some(format!("x={}", secret_placeholder("token")))));
    assert_eq!(flaws("{{ secrets.token }}")[0].0, "secrets.token");
    assert!(render("{{ secrets.token | upper }}", &scope(), Secrets::Allowed).is_err());
    assert!(render("{{ secrets.tokn }}", &scope(), Secrets::Allowed).is_err());
    assert!(render("{{ secrets }}", &scope(), Secrets::Allowed).is_err());
}
