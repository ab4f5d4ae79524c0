//! Path rules that published clients rely on, applied before routing and never by redirect: a trailing slash is
//! optional, repeated slashes count as one, and the whole API answers a second time under `/frontegg`.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// The address to route by, or `None` when the given one is already in its plain form.
pub(crate) fn plain(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let untouched = !path.contains("//") && (path == "/" || !path.ends_with('/')) && !is_prefixed(path);
    if untouched {
        return None;
    }
    let mut out = String::with_capacity(path.len() + 1);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        out.push('/');
        out.push_str(part);
    }
    if let Some(rest) = out
        .strip_prefix("/frontegg")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        out = rest.to_owned();
    }
    if out.is_empty() {
        out.push('/');
    }
    if let Some(query) = uri.query() {
        out.push('?');
        out.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(out.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

fn is_prefixed(path: &str) -> bool {
    path.strip_prefix("/frontegg")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(path: &str) -> String {
        let uri: Uri = path.parse().unwrap();
        plain(&uri).unwrap_or(uri).to_string()
    }

    #[test]
    fn slashes_fold_and_the_prefix_falls_away() {
        for (given, expected) in [
            ("/auth/vendor/", "/auth/vendor"),
            ("/audits//stats?tenantId=a//b", "/audits/stats?tenantId=a//b"),
            ("/frontegg/auth/vendor", "/auth/vendor"),
            ("//frontegg//auth/vendor//?x=1", "/auth/vendor?x=1"),
            ("/frontegg", "/"),
            ("/fronteggs/x", "/fronteggs/x"),
            ("/", "/"),
            ("/a%2Fb/", "/a%2Fb"),
        ] {
            assert_eq!(routed(given), expected, "{given}");
        }
    }
}
