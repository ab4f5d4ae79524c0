//! The development inbox: what would have been sent, as a page and as JSON. These routes exist only where messages are
//! recorded, which `serve` does not do.

use std::sync::Arc;

use blocks::jobs::{Job, settle};
use outbound::{Inbox, Letter, LetterKind};
use web::{
    App, BoundRoutes, Done, Guard, HeaderMap, HeaderValue, Html, IntoResponse, Json, Params, Problem,
    Response, Routes, State, WithHeaders, header, routes,
};

/// What these routes need.
#[derive(Clone)]
struct Desk {
    inbox: Inbox,
    /// The jobs that bring messages here, so that a reader need not wait for their turn.
    jobs: Arc<[Arc<dyn Job>]>,
}

pub(crate) fn inbox_routes(app: &App, inbox: Inbox, jobs: Arc<[Arc<dyn Job>]>) -> BoundRoutes {
    Routes::new()
        .on(Guard::server(), routes!(page))
        .on(Guard::server(), routes!(list))
        .on(Guard::server(), routes!(empty))
        .bind(app, Desk { inbox, jobs })
}

async fn letters(desk: &Desk, to: &str) -> Result<Vec<Letter>, Problem> {
    settle(&desk.jobs).await?;
    Ok(desk.inbox.letters(to))
}

/// The messages that were sent, newest first.
#[utoipa::path(get, path = "/dev/inbox.json", tag = "Development", params(("to" = Option<String>, Query, description = "Address or number; all messages without it")), responses((status = 200)))]
async fn list(State(desk): State<Desk>, params: Params) -> Result<Json<Vec<Letter>>, Problem> {
    Ok(Json(letters(&desk, params.text("to").unwrap_or_default()).await?))
}

/// Forgets every message.
#[utoipa::path(delete, path = "/dev/inbox.json", tag = "Development", responses((status = 200)))]
async fn empty(State(desk): State<Desk>) -> Result<Done, Problem> {
    settle(&desk.jobs).await?;
    desk.inbox.clear();
    Ok(Done::OK)
}

/// A page to read the messages.
#[utoipa::path(get, path = "/dev/inbox", tag = "Development", params(("to" = Option<String>, Query, description = "Address or number; all messages without it")), responses((status = 200)))]
async fn page(State(desk): State<Desk>, params: Params) -> Result<Response, Problem> {
    let to = params.text("to").unwrap_or_default();
    let letters = letters(&desk, to).await?;
    let mut headers = HeaderMap::new();
    // A message is shown in a frame without scripts and forms; its links open beside this page.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(WithHeaders(headers, Html(whole(&letters, to))).into_response())
}

const HEAD: &str = include_str!("inbox.html");

fn whole(letters: &[Letter], to: &str) -> String {
    let mut out = HEAD.replace("{to}", &escaped(to));
    if letters.is_empty() {
        out.push_str("<p>Nothing was sent");
        if !to.is_empty() {
            out.push_str(&format!(" to {}", escaped(to)));
        }
        out.push_str(" yet.</p>\n");
    }
    for (number, letter) in letters.iter().enumerate() {
        out.push_str(&article(letter, number == 0));
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn article(letter: &Letter, open: bool) -> String {
    let (kind, title) = match letter.kind {
        LetterKind::Mail => ("Mail", letter.subject.as_str()),
        LetterKind::Sms => ("Text message", letter.text.as_str()),
    };
    let mut out = format!(
        "<details{}>\n<summary><strong>{}</strong> <span class=\"soft\">{kind} to {}, {}</span></summary>\n",
        if open { " open" } else { "" },
        escaped(title),
        escaped(&letter.to),
        escaped(&letter.created_at.to_string())
    );
    if !letter.from.is_empty() {
        out.push_str(&format!("<p class=\"soft\">From {}</p>\n", escaped(&letter.from)));
    }
    if !letter.codes.is_empty() {
        let codes = letter
            .codes
            .iter()
            .map(|code| format!("<code>{}</code>", escaped(code)));
        out.push_str(&format!("<p>Code: {}</p>\n", codes.collect::<Vec<_>>().join(" ")));
    }
    if !letter.links.is_empty() {
        out.push_str("<ul>\n");
        for link in &letter.links {
            let link = escaped(link);
            out.push_str(&format!(
                "<li><a href=\"{link}\" target=\"_blank\" rel=\"noopener\">{link}</a></li>\n"
            ));
        }
        out.push_str("</ul>\n");
    }
    out.push_str(&format!("<pre>{}</pre>\n", escaped(&letter.text)));
    if !letter.html.is_empty() {
        out.push_str(&format!(
            "<iframe sandbox=\"allow-popups\" title=\"{} as HTML\" srcdoc=\"{}\"></iframe>\n",
            escaped(title),
            escaped(&letter.html)
        ));
    }
    out.push_str("</details>\n");
    out
}

/// Text as it may stand in HTML and in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
