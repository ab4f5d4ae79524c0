//! The text part of a mail, read off its HTML part.

/// What an HTML text says, without its looks. Links keep their address.
pub(crate) fn plain(html: &str) -> String {
    let mut out = Reader::default();
    let mut rest = html;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("<!--") {
            rest = tail.split_once("-->").map_or("", |(_, tail)| tail);
            continue;
        }
        if let Some(inside) = rest.strip_prefix('<')
            && inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
        {
            let Some((tag, tail)) = inside.split_once('>') else {
                break;
            };
            rest = out.tag(tag, tail);
            continue;
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let next = rest.get(first..).and_then(|tail| tail.find('<'));
        let end = next.map_or(rest.len(), |at| at + first);
        let (text, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.words(&decoded(text));
        rest = tail;
    }
    out.text.trim().to_owned()
}

#[derive(Default)]
struct Reader {
    text: String,
    /// Where the open link leads, and where its words begin.
    link: Option<(String, usize)>,
}

impl Reader {
    /// Reads a tag; answers what follows it, which for parts nobody reads is what follows their end.
    fn tag<'a>(&mut self, tag: &str, tail: &'a str) -> &'a str {
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let closes = tag.starts_with('/');
        match name.as_str() {
            "head" | "style" | "script" | "title" if !closes => {
                let after = after_close(tail, &name);
                return after.split_once('>').map_or("", |(_, after)| after);
            }
            "br" => self.line(1),
            "li" if !closes => {
                self.line(1);
                self.text.push_str("- ");
            }
            "p" | "div" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "table" | "tr" | "hr" | "blockquote" => {
                self.line(2);
            }
            "td" | "th" if closes => self.words(" "),
            "a" if closes => self.end_link(),
            "a" => self.link = attribute(tag, "href").map(|href| (decoded(&href), self.text.len())),
            _ => {}
        }
        tail
    }

    fn end_link(&mut self) {
        let Some((href, start)) = self.link.take() else {
            return;
        };
        let words = self.text.get(start..).unwrap_or_default().trim();
        if words != href && !href.is_empty() {
            if !words.is_empty() {
                self.text.push_str(": ");
            }
            self.text.push_str(&href);
        }
    }

    fn words(&mut self, text: &str) {
        for c in text.chars() {
            let blank = c.is_whitespace();
            if !blank {
                self.text.push(c);
            } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    /// Ends the line; `breaks` of two leave one empty.
    fn line(&mut self, breaks: usize) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        if self.text.is_empty() {
            return;
        }
        let have = self.text.len() - self.text.trim_end_matches('\n').len();
        for _ in have..breaks {
            self.text.push('\n');
        }
    }
}

/// What follows `</name`; nothing where that is missing. Walks over the text once: what is read here is not read again.
fn after_close<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("</") {
        if let Some((word, after)) = after.split_at_checked(name.len())
            && word.eq_ignore_ascii_case(name)
        {
            return after;
        }
        rest = after;
    }
    ""
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find(&format!("{name}="))? + name.len() + 1;
    let value = tag.get(at..)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split_whitespace().next()?,
    };
    Some(value.to_owned())
}

/// Text with its character references read.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        if let Some((c, tail)) = reference(after) {
            out.push(c);
            rest = tail;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The character that a reference stands for, and what follows it. A name has eight letters at most, so no more is read.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(9).position(|byte| byte == b';')?;
    let (name, tail) = (text.get(..end)?, text.get(end + 1..)?);
    Some((character(name)?, tail))
}

fn character(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    let hex = number.and_then(|number| number.strip_prefix(['x', 'X']));
    let code = match (hex, number) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(number)) => number.parse().ok(),
        (None, None) => None,
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "mdash" => Some('—'),
        "ndash" => Some('–'),
        "hellip" => Some('…'),
        "rsquo" => Some('’'),
        "copy" => Some('©'),
        _ => code.and_then(char::from_u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_what_it_says() {
        let html = "<!doctype html><html><head><title>T</title><style>p{a:b}</style></head><body><!-- x -->\
            <h1>Hello&nbsp;Ann &amp; &#x42;ob</h1>\n<p>One\n  two<br>three</p><ul><li>a</li><li>b</li></ul>\
            <a class=\"b\" href=\"https://a.test/?x=1&amp;y=2\">Open</a> <a href='https://b.test'>https://b.test</a></body></html>";
        assert_eq!(
            plain(html),
            "Hello Ann & Bob\n\nOne two\nthree\n\n- a\n- b\n\nOpen: https://a.test/?x=1&y=2 https://b.test"
        );
    }

    #[test]
    fn broken_html_is_read_as_far_as_it_goes() {
        for (html, text) in [
            ("a < b", "a < b"),
            ("<p", ""),
            ("<style>x", ""),
            ("&unknown; &#xffffffff;", "&unknown; &#xffffffff;"),
            ("", ""),
            ("<a href=>x</a>", "x"),
            ("<style>a</p></sty</STYLE >b", "b"),
            ("<style>é</ü</style>b<script></", "b"),
            ("&12345678;&#0000065;&é;&", "&12345678;A&é;&"),
            ("é<b>ü</b>", "éü"),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }
}
