//! Forms with files (`multipart/form-data`), read from a body that has arrived whole.

use crate::Problem;

/// Most parts of a form.
const MOST_PARTS: usize = 32;
/// Longest header block of a part, in bytes.
const HEADERS: usize = 4 * 1024;

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'b> {
    pub name: String,
    /// What the sender calls the file; `None` for a plain value. Not to be trusted.
    pub file_name: Option<String>,
    pub bytes: &'b [u8],
}

/// The parts of a form.
///
/// # Errors
/// 400 when the body is no such form.
pub fn parts<'b>(content_type: Option<&str>, body: &'b [u8]) -> Result<Vec<Part<'b>>, Problem> {
    let boundary = content_type
        .and_then(boundary)
        .ok_or_else(|| Problem::bad_request("Content-Type must be multipart/form-data with a boundary"))?;
    read(&boundary, body).ok_or_else(|| Problem::bad_request("The form could not be read"))
}

/// The boundary that a content type names: 1 to 70 characters.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(rest, "boundary").filter(|text| (1..=70).contains(&text.len()))
}

/// The value of a parameter in `; name=value; other="value"`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let (name, after) = rest.split_once('=')?;
        let (value, next) = if let Some(quoted) = after.strip_prefix('"') {
            let (value, next) = quoted.split_once('"')?;
            (value, next)
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after.get(..end)?.trim(), after.get(end..)?)
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.to_owned());
        }
        rest = next;
    }
}

fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(wanted.len())
        .position(|window| window == wanted)
        .map(|at| from + at)
}

fn read<'b>(boundary: &str, body: &'b [u8]) -> Option<Vec<Part<'b>>> {
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut at = if body.starts_with(opening.as_bytes()) {
        opening.len()
    } else {
        find(body, between.as_bytes(), 0)? + between.len()
    };
    let mut parts = Vec::new();
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        // Blanks may follow a boundary.
        let line = find(body, b"\r\n", at)?;
        if body
            .get(at..line)?
            .iter()
            .any(|byte| !matches!(byte, b' ' | b'\t'))
            || parts.len() >= MOST_PARTS
        {
            return None;
        }
        let start = line + 2;
        let end = find(body, b"\r\n\r\n", line)?;
        if end.saturating_sub(start) > HEADERS {
            return None;
        }
        let headers = std::str::from_utf8(body.get(start..end.max(start))?).ok()?;
        let close = find(body, between.as_bytes(), end + 2)?;
        let bytes = body.get(end + 4..close.max(end + 4))?;
        parts.extend(part(headers, bytes));
        at = close + between.len();
    }
}

/// A part by its headers; `None` when it has no name, which nobody can ask for.
fn part<'b>(headers: &str, bytes: &'b [u8]) -> Option<Part<'b>> {
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let (_, parameters) = disposition.split_once(';')?;
    Some(Part {
        name: parameter(parameters, "name")?,
        file_name: parameter(parameters, "filename"),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=XyZ";

    type Plain = (String, Option<String>, Vec<u8>);

    fn of(body: &[u8]) -> Option<Vec<Plain>> {
        let parts = parts(Some(KIND), body).ok()?;
        let plain = |part: Part<'_>| (part.name, part.file_name, part.bytes.to_vec());
        Some(parts.into_iter().map(plain).collect())
    }

    #[test]
    fn a_browsers_form_is_read() {
        let body = b"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nplain\r\n--XyZ\r\ncontent-disposition: form-data; name=\"image\"; filename=\"m e;x.png\"\r\nContent-Type: image/png\r\n\r\n\x89P\r\n--Xy\r\n\xff\r\n--XyZ--\r\n";
        let read = of(body).unwrap();
        assert_eq!(read[0], ("a".to_owned(), None, b"plain".to_vec()));
        assert_eq!(read[1].1.as_deref(), Some("m e;x.png"));
        assert_eq!(read[1].2, b"\x89P\r\n--Xy\r\n\xff");
    }

    #[test]
    fn empty_parts_and_forms_are_read() {
        assert_eq!(of(b"--XyZ--"), Some(vec![]));
        let empty = of(b"--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--XyZ--").unwrap();
        assert_eq!(empty, [("a".to_owned(), None, vec![])]);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in [
            &b""[..],
            b"--",
            b"--XyZ",
            b"--XyZ\r\n",
            b"--XyZ\r\n\r\n",
            b"--XyZ\r\nA: b\r\n\r\nx",
            b"--XyZjunk\r\nA: b\r\n\r\nx\r\n--XyZ--",
        ] {
            assert_eq!(of(body), None, "{body:?}");
        }
        for kind in [
            None,
            Some("application/json"),
            Some("multipart/form-data"),
            Some("multipart/form-data; boundary=\"\""),
            Some("multipart/mixed; boundary=a"),
        ] {
            assert!(parts(kind, b"--a--").is_err(), "{kind:?}");
        }
    }

    #[test]
    fn no_cut_and_no_flipped_byte_of_a_form_stops_the_reader() {
        let body = b"--XyZ\r\nContent-Disposition: form-data; name=\"image\"; filename=\"x\"\r\n\r\nabc\r\n--XyZ--\r\n";
        for end in 0..body.len() {
            drop(of(&body[..end]));
            for byte in [0, b'"', b'\r', b'-', 0xff] {
                let mut other = body.to_vec();
                other[end] = byte;
                drop(of(&other));
            }
        }
    }
}
