//! From a template and what fills it to a message.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as TemplateValue};
use minijinja::{AutoEscape, Environment as Engine, UndefinedBehavior};
use outbound::{Mailbox, header_text};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;

use super::defaults;
use super::order::Contents;
use super::plain::plain;
use super::templates::{MailText, SmsText};
use super::{MailTemplate, SmsTemplate};
use crate::environments::Profile;

/// Steps a template may take, and bytes it may become.
const FUEL: u64 = 100_000;
const LARGEST: usize = 2 * 1024 * 1024;
/// Each stands inside the one before it when a template is read, and only so much of that fits on a stack.
const MOST_ELIFS: usize = 100;
/// Longest subject, in characters.
const LONGEST_SUBJECT: usize = 512;
const LONGEST_SMS: usize = 1_600;
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What an environment gives to its messages.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    sender: Mailbox,
    app_url: String,
    login_url: String,
}

/// A mail that only needs a receiver.
pub(crate) struct RenderedMail {
    pub(crate) from: Mailbox,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Surroundings {
    /// Links lead to the application that the environment names, else to the login pages of this server; never to where a
    /// request said it came from.
    pub(crate) fn of(profile: &Profile, from: Option<&Mailbox>) -> Self {
        let login_url = format!("{}/oauth", profile.public_url);
        let named = profile.login_url.trim_end_matches('/');
        let usable = Url::parse(named).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        Self {
            sender: sender(profile, from),
            app_url: if usable {
                named.to_owned()
            } else {
                login_url.clone()
            },
            login_url,
        }
    }

    /// The sender where a template names none.
    pub(crate) const fn sender(&self) -> &Mailbox {
        &self.sender
    }

    /// The address that a pattern stands for, without what a single message adds.
    pub(crate) fn resolve(&self, pattern: &str) -> String {
        let nothing = Contents::default();
        fill(pattern, |name| self.placeholder(name, &nothing))
    }

    fn placeholder(&self, name: &str, contents: &Contents) -> String {
        let application = contents.application.as_ref();
        match name {
            // An application need not say where it is.
            "APP_URL" => application
                .map(|application| &application.app_url)
                .filter(|url| !url.is_empty())
                .unwrap_or(&self.app_url)
                .clone(),
            "LOGIN_URL" => application
                .map(|application| &application.login_url)
                .filter(|url| !url.is_empty())
                .unwrap_or(&self.login_url)
                .clone(),
            "APP_ID" => encoded(application.map_or("", |application| &application.id)),
            _ => encoded(&scalar(&contents.variables, name)),
        }
    }

    fn link(&self, pattern: &str, contents: &Contents) -> Option<Url> {
        let filled = fill(pattern, |name| self.placeholder(name, contents));
        let mut link = Url::parse(&filled).ok()?;
        if !contents.query.is_empty() {
            let mut query = link.query_pairs_mut();
            for (name, value) in &contents.query {
                query.append_pair(name, value);
            }
        }
        Some(link)
    }
}

/// The server's own sender under the environment's name, else an address at the environment's host.
fn sender(profile: &Profile, from: Option<&Mailbox>) -> Mailbox {
    let host = profile.host.split(':').next().unwrap_or_default();
    match from {
        Some(from) if !from.name().is_empty() => from.clone(),
        Some(from) => from.named(&profile.name),
        // On a laptop the host is no domain that mail could come from.
        None => Mailbox::new("", &format!("no-reply@{host}"))
            .unwrap_or_else(|_| Mailbox::nobody())
            .named(&profile.name),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, IN_ADDRESS).to_string()
}

/// The variable at a dotted path, when it is a plain value.
fn scalar(variables: &Map<String, Value>, path: &str) -> String {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|name| variables.get(name));
    let found = parts.fold(first, |at, name| at.and_then(|at| at.get(name)));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}

/// Puts values where `{{name}}` stands.
fn fill(pattern: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            break;
        };
        out.push_str(&value(name.trim()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A pattern with something in every place, to see whether it can become an address.
pub(crate) fn sample(pattern: &str) -> String {
    fill(pattern, |name| match name {
        "APP_URL" | "LOGIN_URL" => "https://app.example.com".to_owned(),
        _ => "x".to_owned(),
    })
}

/// A mail. A wording of the environment that cannot be rendered after all is replaced by the default: a sign-in link in
/// plain words is worth more than none.
pub(crate) fn mail(
    kind: MailTemplate,
    stored: Option<&MailText>,
    contents: &Contents,
    to: &str,
    surroundings: &Surroundings,
) -> RenderedMail {
    let default = defaults::mail(kind);
    let own = stored.unwrap_or(&default);
    let or = |text: &'_ String, other: &'_ String| {
        if text.trim().is_empty() {
            other.clone()
        } else {
            text.clone()
        }
    };
    let mut variables = contents.variables.clone();
    variables.entry("email").or_insert_with(|| to.into());
    let pattern = or(&own.redirect_url, &default.redirect_url);
    if !pattern.is_empty() {
        let link = surroundings.link(&pattern, contents);
        let link = link.or_else(|| surroundings.link(&default.redirect_url, contents));
        variables.insert(
            "redirectURL".to_owned(),
            link.map(String::from).unwrap_or_default().into(),
        );
    }
    let success = fill(&own.success_redirect_url, |name| {
        surroundings.placeholder(name, contents)
    });
    variables.insert("successRedirectUrl".to_owned(), success.into());
    let context = TemplateValue::from(Serde(&variables));

    let rendered = |own: &str, default: &str, form: Form| {
        render(own, &context, form).unwrap_or_else(|fault| {
            tracing::warn!(template = kind.word(), %fault, "the environment's wording cannot be used; the default goes");
            render(default, &context, form).unwrap_or_default()
        })
    };
    let html = rendered(&or(&own.html, &default.html), &default.html, Form::Html);
    let subject = rendered(&or(&own.subject, &default.subject), &default.subject, Form::Text);
    let name = if own.from_name.trim().is_empty() {
        surroundings.sender.name()
    } else {
        &own.from_name
    };
    let address = if own.sender_email.trim().is_empty() {
        surroundings.sender.address()
    } else {
        &own.sender_email
    };
    RenderedMail {
        from: Mailbox::new(name, address).unwrap_or_else(|_| surroundings.sender.clone()),
        subject: header_text(&subject).chars().take(LONGEST_SUBJECT).collect(),
        text: plain(&html),
        html,
    }
}

/// A text message.
pub(crate) fn sms(kind: SmsTemplate, stored: Option<&SmsText>, contents: &Contents) -> String {
    let default = defaults::sms(kind);
    let own = stored
        .map(|text| text.text.as_str())
        .filter(|text| !text.trim().is_empty());
    let context = TemplateValue::from(Serde(&contents.variables));
    let text = own.map_or(Err(String::new()), |own| render(own, &context, Form::Text));
    let text = text
        .or_else(|_| render(&default.text, &context, Form::Text))
        .unwrap_or_default();
    text.chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take(LONGEST_SMS)
        .collect()
}

/// What a template becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Variables are escaped.
    Html,
    Text,
}

/// Nothing is known to a template but its variables: no filters, functions or other templates.
fn engine(form: Form) -> Engine<'static> {
    let mut engine = Engine::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine.set_fuel(Some(FUEL));
    engine.set_auto_escape_callback(move |_| match form {
        Form::Html => AutoEscape::Html,
        Form::Text => AutoEscape::None,
    });
    // The usual mark of a comment, `{#`, is how style sheets begin a rule inside another.
    if let Ok(syntax) = SyntaxConfig::builder().comment_delimiters("{##", "##}").build() {
        engine.set_syntax(syntax);
    }
    engine
}

/// A buffer with an end.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::Error::other("the text becomes too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn render(source: &str, context: &TemplateValue, form: Form) -> Result<String, String> {
    let engine = engine(form);
    let template = engine
        .template_from_str(source)
        .map_err(|error| error.to_string())?;
    let mut out = Bounded(Vec::new());
    template
        .render_captured_to(context.clone(), &mut out)
        .map_err(|error| error.to_string())?;
    String::from_utf8(out.0).map_err(|error| error.to_string())
}

/// What stands between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag<'a> {
    /// Where it begins in the text.
    at: usize,
    /// `{{` or `{%`.
    open: &'static str,
    /// None where it is not closed.
    words: Option<&'a str>,
}

/// The tags of a text in order. The text is walked over once, however many there are: what was left behind is not read
/// again, and nothing is read ahead.
struct Tags<'a> {
    text: &'a str,
    /// How far the walk has come.
    at: usize,
}

impl<'a> Tags<'a> {
    const fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let at = self.at + rest.find('{')?;
            let tag = self.text.get(at..)?;
            let (open, close) = match tag.as_bytes().get(1) {
                Some(b'{') => ("{{", "}}"),
                Some(b'%') => ("{%", "%}"),
                _ => {
                    self.at = at + 1;
                    continue;
                }
            };
            let inside = tag.get(2..)?;
            let end = inside.find(close);
            self.at = at + 2 + end.map_or(inside.len(), |end| end + 2);
            let words = end.and_then(|end| inside.get(..end));
            return Some(Tag { at, open, words });
        }
    }
}

/// What is wrong with a template, with the line: `{{name}}` with dotted paths, `{% if name %}` and `{% for x in list %}` are
/// known, and nothing else.
pub(crate) fn check(source: &str) -> Result<(), String> {
    let line = |at: usize| {
        let before = source.get(..at).unwrap_or("");
        before.matches('\n').count() + 1
    };
    let mut elifs = 0;
    for Tag { at, open, words } in Tags::of(source) {
        let Some(words) = words else {
            let close = if open == "{{" { "}}" } else { "%}" };
            return Err(format!("line {}: {open} is not closed by {close}", line(at)));
        };
        let shown = || words.trim().chars().take(60).collect::<String>();
        if open == "{{" && !is_path(words.trim()) {
            return Err(format!(
                "line {}: {{{{{}}}}} is not a variable: a name or a dotted path such as {{{{metadata.plan}}}} is",
                line(at),
                shown()
            ));
        }
        if open == "{%" {
            let words = words.trim_matches('-').trim();
            if !is_block(words) {
                return Err(format!(
                    "line {}: {{% {} %}} is not known: if, elif, else, endif, for … in … and endfor are",
                    line(at),
                    shown()
                ));
            }
            elifs += usize::from(words.starts_with("elif"));
            if elifs > MOST_ELIFS {
                return Err(format!(
                    "line {}: there must be no more than {MOST_ELIFS} elif",
                    line(at)
                ));
            }
        }
    }
    let engine = engine(Form::Html);
    match engine.template_from_str(source) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = error.detail().unwrap_or("it cannot be understood").to_owned();
            Err(format!("line {}: {reason}", error.line().unwrap_or(1)))
        }
    }
}

fn is_path(text: &str) -> bool {
    let word = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    !text.is_empty()
        && text.len() <= 200
        && text.split('.').all(word)
        && !matches!(text, "not" | "in" | "is" | "and" | "or")
}

fn is_block(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["else" | "endif" | "endfor"] => true,
        ["if" | "elif", path] | ["if" | "elif", "not", path] => is_path(path),
        ["for", name, "in", path] => is_path(name) && !name.contains('.') && is_path(path),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
