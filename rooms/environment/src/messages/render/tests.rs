use serde_json::json;

use super::super::templates::LONGEST_HTML;
use super::*;

fn contents(variables: Value) -> Contents {
    let Value::Object(variables) = variables else {
        panic!("an object")
    };
    Contents {
        variables,
        query: vec![("userId".into(), "u 1".into()), ("token".into(), "a&b".into())],
        application: None,
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        sender: Mailbox::new("Acme", "no-reply@acme.test").unwrap(),
        app_url: "https://app.acme.test".into(),
        login_url: "https://id.acme.test/oauth".into(),
    }
}

#[test]
fn every_default_is_a_template_that_passes_and_says_what_matters() {
    for kind in MailTemplate::ALL {
        let default = defaults::mail(*kind);
        check(&default.html).unwrap();
        check(&default.subject).unwrap();
        let given = json!({"name": "Ann", "code": "123456", "expires": "5 minutes", "tenantName": "Acme"});
        let mail = mail(*kind, None, &contents(given), "ann@example.com", &surroundings());
        assert!(
            !mail.subject.is_empty() && !mail.subject.contains("{{"),
            "{kind:?}"
        );
        let link = "https://app.acme.test/account/";
        assert_eq!(
            mail.text.contains(link),
            kind.route().is_some(),
            "{kind:?}: {}",
            mail.text
        );
        assert_eq!(mail.html.contains("href="), kind.route().is_some(), "{kind:?}");
        assert!(
            mail.html.contains("lang=\"en\"") && !mail.html.contains("<img"),
            "{kind:?}"
        );
        if default.html.contains("{{code}}") {
            assert!(mail.text.contains("123456"), "{kind:?}");
        }
    }
    for kind in SmsTemplate::ALL {
        let text = defaults::sms(*kind).text;
        check(&text).unwrap();
        assert!(sms(*kind, None, &contents(json!({"code": "123456"}))).contains("123456"));
    }
}

#[test]
fn the_link_is_the_pattern_with_what_the_message_adds() {
    let own = MailText {
        redirect_url: "{{ LOGIN_URL }}/go?app={{APP_ID}}&t={{metadata.tenant}}#x".into(),
        html: "<a href=\"{{redirectURL}}\">go</a>".into(),
        ..MailText::default()
    };
    let mut filled = contents(json!({"metadata": {"tenant": "a/b?c"}}));
    let mail1 = mail(
        MailTemplate::MagicLink,
        Some(&own),
        &filled,
        "ann@example.com",
        &surroundings(),
    );
    assert!(
        mail1
            .text
            .contains("https://id.acme.test/oauth/go?app=&t=a%2Fb%3Fc&userId=u+1&token=a%26b#x"),
        "{}",
        mail1.text
    );
    filled.application = Some(super::super::order::Application {
        id: "app1".into(),
        app_url: "https://other.test".into(),
        login_url: "https://login.other.test".into(),
    });
    let mail2 = mail(
        MailTemplate::MagicLink,
        Some(&own),
        &filled,
        "ann@example.com",
        &surroundings(),
    );
    assert!(
        mail2.text.contains("https://login.other.test/go?app=app1"),
        "{}",
        mail2.text
    );
}

#[test]
fn variables_are_escaped_in_html_and_harmless_in_a_subject() {
    let own = MailText {
        subject: "Hi {{name}}".into(),
        html: "<p>{{name}} {{missing.deep}}</p>".into(),
        ..MailText::default()
    };
    let name = "<script>alert(1)</script>\r\nBcc: x@example.com";
    let mail = mail(
        MailTemplate::Otc,
        Some(&own),
        &contents(json!({"name": name})),
        "a@example.com",
        &surroundings(),
    );
    assert!(
        !mail.html.contains("<script>") && mail.html.contains("&lt;script&gt;"),
        "{}",
        mail.html
    );
    assert_eq!(mail.subject, "Hi <script>alert(1)</script> Bcc: x@example.com");
    assert!(
        mail.text.contains("<script>alert(1)"),
        "the text part shows what was written: {}",
        mail.text
    );
}

#[test]
fn only_variables_conditions_and_lists_are_templates() {
    for good in [
        "",
        "{{name}} {{ a.b.c }}",
        "{% if name %}x{% elif not b %}y{% else %}z{% endif %}",
        "{% for a in metadata.list %}{{a.name}}{% endfor %}",
        "<style>@media x{#a{b:c}}</style>",
    ] {
        check(good).unwrap();
    }
    for (bad, word) in [
        ("a\n{{name", "line 2"),
        ("{{#if name}}x{{/if}}", "{{#if name}}"),
        ("{{ name|upper }}", "not a variable"),
        ("{{ 'x' * 100000000 }}", "not a variable"),
        ("{{ range(10) }}", "not a variable"),
        ("\n\n{% include 'x' %}", "line 3"),
        ("{% autoescape false %}{{x}}{% endautoescape %}", "not known"),
        ("{% macro a() %}{% endmacro %}", "not known"),
        ("{% if name %}x", "line 1"),
        ("x{% endif %}", "line 1"),
        ("{% for a in b %}", "line 1"),
        ("{% if a == b %}{% endif %}", "not known"),
    ] {
        let fault = check(bad).unwrap_err();
        assert!(fault.contains(word), "{bad}: {fault}");
    }
}

#[test]
fn tags_are_found_in_one_walk_over_the_largest_text() {
    let text = "{{a}} { {%b%}\n".repeat(LONGEST_HTML / 14);
    let mut tags = Tags::of(&text);
    let (mut found, mut walked) = (0, 0);
    while let Some(tag) = tags.next() {
        // Each begins behind the last one's end, and the walk stands right behind it.
        assert!(tag.at >= walked, "{tag:?}");
        let words = tag.words.unwrap();
        assert_eq!((tag.at + words.len() + 4, words.len()), (tags.at, 1));
        walked = tags.at;
        found += 1;
    }
    assert_eq!((found, walked), (2 * (LONGEST_HTML / 14), text.len() - 1));
    check(&"{{a}}".repeat(LONGEST_HTML / 5)).unwrap();
    check(&"{".repeat(LONGEST_HTML)).unwrap_err();
    let late = check(&("{{a}}\n".repeat(9) + "{{")).unwrap_err();
    assert!(late.contains("line 10: {{ is not closed"), "{late}");
}

#[test]
fn a_chain_of_conditions_has_an_end() {
    let chain = |links| format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(links));
    check(&chain(MOST_ELIFS)).unwrap();
    let fault = check(&chain(LONGEST_HTML / 14)).unwrap_err();
    assert!(fault.contains("elif"), "{fault}");
    let nested = "{% if a %}".repeat(1_000) + &"{% endif %}".repeat(1_000);
    assert!(check(&nested).is_err());
}

#[test]
fn a_template_that_does_not_end_is_cut_and_the_default_goes() {
    let list: Vec<Value> = (0..2_000).map(Value::from).collect();
    let own = MailText {
        html: "{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}".into(),
        ..MailText::default()
    };
    let mail = mail(
        MailTemplate::Otc,
        Some(&own),
        &contents(json!({"l": list, "code": "654321"})),
        "a@example.com",
        &surroundings(),
    );
    assert!(mail.text.contains("654321"));
}
