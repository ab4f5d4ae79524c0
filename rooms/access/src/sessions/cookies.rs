//! The refresh cookie.

use environment::{AuthConfiguration, CookieSameSite, Environment};
use kit::Millis;
use web::{HeaderMap, HeaderValue, SameSite, SetCookie, header};

use super::domain::SignedIn;

/// Names under which a refresh token may arrive, the one we write first: clients remove the first dash of the id, all
/// of them, or none.
fn names(id: &str) -> [String; 3] {
    [
        format!("fe_refresh_{}", id.replacen('-', "", 1)),
        format!("fe_refresh_{}", id.replace('-', "")),
        format!("fe_refresh_{id}"),
    ]
}

/// The name under which we set it: only the first dash of the client id is removed.
pub(crate) fn name(environment: &str) -> String {
    format!("fe_refresh_{}", environment.replacen('-', "", 1))
}

/// The refresh token of a request, under the environment's name or else under that of the application it names.
pub(crate) fn presented<'h>(
    headers: &'h HeaderMap,
    environment: &str,
    application: Option<&str>,
) -> Option<&'h str> {
    std::iter::once(environment)
        .chain(application)
        .flat_map(names)
        .find_map(|name| web::cookie(headers, &name))
}

/// How long a browser remembers which device it is.
const DEVICE_SECONDS: i64 = 365 * 24 * 3600;

/// The name of the device cookie: all dashes of the client id are removed.
fn device_name(environment: &str) -> String {
    format!("fe_device_{}", environment.replace('-', ""))
}

/// The device that a request says it comes from. Anybody may invent one; it tells only that the browser was here before.
pub(crate) fn device(headers: &HeaderMap, environment: &str) -> Option<String> {
    web::cookie(headers, &device_name(environment))
        .filter(|value| kit::is_uuid(value))
        .map(str::to_lowercase)
}

/// How the cookie is set for one environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieStyle {
    pub(crate) same_site: SameSite,
    pub(crate) secure: bool,
}

impl CookieStyle {
    /// As the environment is configured.
    pub(crate) fn of(environment: &Environment, configuration: &AuthConfiguration) -> Self {
        let configured = match configuration.cookie_same_site {
            CookieSameSite::Strict => SameSite::Strict,
            CookieSameSite::Lax => SameSite::Lax,
            CookieSameSite::None => SameSite::None,
        };
        Self::new(configured, &environment.public_url)
    }

    /// Over plain http a browser keeps neither `Secure` nor `SameSite=None` cookies.
    fn new(configured: SameSite, public_url: &str) -> Self {
        let secure = public_url.starts_with("https://");
        let same_site = match configured {
            SameSite::None if !secure => SameSite::Lax,
            kept => kept,
        };
        Self { same_site, secure }
    }

    pub(crate) fn setting(
        self,
        environment: &str,
        token: &str,
        seconds: i64,
        now: Millis,
    ) -> Option<HeaderValue> {
        self.cookie(&name(environment), token, seconds, now).header()
    }

    /// The cookie by which the browser is known again.
    pub(crate) fn device(self, environment: &str, device: &str, now: Millis) -> Option<HeaderValue> {
        self.cookie(&device_name(environment), device, DEVICE_SECONDS, now)
            .header()
    }

    pub(crate) fn clearing(self, environment: &str, now: Millis) -> Option<HeaderValue> {
        self.cookie(&name(environment), "", 0, now).clearing()
    }

    const fn cookie<'a>(
        self,
        name: &'a str,
        value: &'a str,
        max_age_seconds: i64,
        now: Millis,
    ) -> SetCookie<'a> {
        SetCookie {
            name,
            value,
            same_site: self.same_site,
            secure: self.secure,
            max_age_seconds,
            now,
        }
    }
}

/// The headers of an answer with this one cookie.
pub(crate) fn with_cookie(value: Option<HeaderValue>) -> HeaderMap {
    with_cookies([value])
}

/// The headers of an answer with these cookies, each in a line of its own.
pub(crate) fn with_cookies(values: impl IntoIterator<Item = Option<HeaderValue>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values.into_iter().flatten() {
        headers.append(header::SET_COOKIE, value);
    }
    headers
}

/// The headers of an answer that signs somebody in: the refresh cookie and the device cookie.
pub(crate) fn signing_in(environment: &str, signed_in: &SignedIn, now: Millis) -> HeaderMap {
    let style = signed_in.cookies;
    with_cookies([
        style.setting(
            environment,
            &signed_in.refresh_token,
            signed_in.refresh_seconds,
            now,
        ),
        style.device(environment, &signed_in.device, now),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    fn with(cookie: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        headers
    }

    #[test]
    fn only_the_first_dash_falls_out_of_the_name() {
        assert_eq!(name(ID), "fe_refresh_111111111111-4111-8111-111111111111");
    }

    #[test]
    fn three_spellings_are_read_and_ours_wins() {
        for (cookie, token) in [
            ("fe_refresh_111111111111-4111-8111-111111111111=a", "a"),
            ("x=1;fe_refresh_11111111111141118111111111111111=b", "b"),
            ("fe_refresh_11111111-1111-4111-8111-111111111111=c", "c"),
            (
                "fe_refresh_11111111-1111-4111-8111-111111111111=c; fe_refresh_111111111111-4111-8111-111111111111=a",
                "a",
            ),
        ] {
            assert_eq!(presented(&with(cookie), ID, None), Some(token), "{cookie}");
        }
        assert_eq!(presented(&with("fe_refresh_22=a"), ID, None), None);
        assert_eq!(
            presented(&with("fe_refresh_2222=a"), ID, Some("22-22")),
            Some("a")
        );
    }

    #[test]
    fn plain_http_gets_a_cookie_that_browsers_keep() {
        let style = |configured, url| CookieStyle::new(configured, url);
        let plain = style(SameSite::None, "http://localhost:8787");
        assert!(!plain.secure && plain.same_site == SameSite::Lax);
        let strict = style(SameSite::Strict, "http://localhost:8787");
        assert!(!strict.secure && strict.same_site == SameSite::Strict);
        let secure = style(SameSite::None, "https://login.acme.test");
        assert!(secure.secure && secure.same_site == SameSite::None);
        assert_eq!(
            secure.setting(ID, "token", 60, Millis(0)).unwrap(),
            "fe_refresh_111111111111-4111-8111-111111111111=token; Path=/; Max-Age=60; \
             Expires=Thu, 01 Jan 1970 00:01:00 GMT; HttpOnly; Secure; SameSite=None"
        );
    }
}
