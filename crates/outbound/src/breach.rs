//! Whether a password stands in lists of leaked ones: asked of a range service, or of a file beside the server.
//!
//! A range service gets the first five of forty digits of the password's SHA-1 and answers with all endings that it knows, so
//! that it does not learn which was meant. The file has a digest per line, in ascending order, each cut short or followed
//! by `:` and how often it leaked; it may be as large as a disk, since only the lines in question are read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::http::{Call, Http};

/// A sign-in waits no longer.
const DEADLINE: Duration = Duration::from_millis(1_500);
/// How many digits a range service gets.
const RANGE: usize = 5;
/// A line that is longer is none of a list of digests.
const LONGEST_LINE: usize = 256;
/// Fewer digits than this name no password.
const FEWEST_DIGITS: usize = 10;

/// The lists that are asked.
#[derive(Clone, Default)]
pub struct LeakLists {
    range: Option<(String, Http)>,
    file: Option<Arc<PathBuf>>,
}

impl LeakLists {
    /// `range` is the address that the first digits are appended to, `file` a list beside the server.
    ///
    /// # Errors
    /// When the address cannot be called or the file cannot be read.
    pub fn new(range: Option<&str>, http: Http, file: Option<&Path>) -> Result<Self, String> {
        let range = match range {
            Some(text) => Some((address(text)?, http)),
            None => None,
        };
        if let Some(path) = file {
            // Said at the start, not at the first password.
            File::open(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        }
        Ok(Self {
            range,
            file: file.map(|path| Arc::new(path.to_owned())),
        })
    }

    /// Whether anything is asked at all.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        self.range.is_some() || self.file.is_some()
    }

    /// How often the password with this SHA-1 (forty upper-case digits) leaked. `None` where no list could be asked: that is
    /// no reason to refuse anything.
    pub async fn times(&self, digest: &str) -> Option<u64> {
        let from_file = match &self.file {
            Some(path) => self.in_file(Arc::clone(path), digest).await,
            None => None,
        };
        if from_file.is_some_and(|times| times > 0) {
            return from_file;
        }
        let from_range = match &self.range {
            Some((address, http)) => in_range(address, http, digest).await,
            None => None,
        };
        from_range.or(from_file)
    }

    async fn in_file(&self, path: Arc<PathBuf>, digest: &str) -> Option<u64> {
        let digest = digest.to_owned();
        let looked = tokio::task::spawn_blocking(move || look_up(&mut File::open(&*path)?, &digest)).await;
        match looked {
            Ok(Ok(times)) => Some(times),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the file of leaked passwords could not be read");
                None
            }
            Err(_) => None,
        }
    }
}

/// Checks the address of a range service.
fn address(text: &str) -> Result<String, String> {
    let fits = |url: &Url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && url.fragment().is_none()
    };
    let url = text.parse::<Url>().ok().filter(fits);
    url.map(|url| format!("{}/", url.as_str().trim_end_matches('/')))
        .ok_or_else(|| {
            "must be an http or https address, such as https://api.pwnedpasswords.com/range".to_owned()
        })
}

async fn in_range(address: &str, http: &Http, digest: &str) -> Option<u64> {
    let (range, ending) = digest.split_at_checked(RANGE)?;
    let call = Call {
        method: "GET",
        url: format!("{address}{range}"),
        // The length of the answer shall not tell which range was asked for.
        headers: vec![("add-padding", "true".to_owned())],
        body: Vec::new(),
    };
    let reply = match tokio::time::timeout(DEADLINE, http.send(call)).await {
        Ok(Ok(reply)) if reply.status == 200 => reply,
        Ok(Ok(reply)) => {
            tracing::warn!(
                status = reply.status,
                "the service of leaked passwords did not answer as one does"
            );
            return None;
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the service of leaked passwords could not be asked");
            return None;
        }
        Err(_) => {
            tracing::warn!("the service of leaked passwords did not answer in time");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&reply.body);
    let times = text.lines().find_map(|line| {
        let (known, times) = line.trim().split_once(':')?;
        known.eq_ignore_ascii_case(ending).then_some(times)
    });
    Some(times.map_or(0, |times| times.trim().parse().unwrap_or(1)))
}

/// Halves the file until the last line that is not above the digest is found.
fn look_up(file: &mut (impl Read + Seek), digest: &str) -> io::Result<u64> {
    // The line wanted begins in `low..=high`, as far as there is one.
    let (mut low, mut high) = (0, file.seek(SeekFrom::End(0))?);
    while low < high {
        let middle = low + (high - low) / 2;
        match line_from(file, middle)? {
            Some(line) if line.text.as_str() <= digest => {
                if matches(&line.text, digest) {
                    return Ok(line.times);
                }
                low = line.end;
            }
            _ => high = middle,
        }
    }
    // `line_from` passes over the line that it lands in, except the very first.
    Ok(0)
}

/// Whether a line names a digest, in full or by how it begins.
fn matches(line: &str, digest: &str) -> bool {
    line.len() >= FEWEST_DIGITS && digest.starts_with(line)
}

struct Line {
    text: String,
    times: u64,
    /// Where the next one begins.
    end: u64,
}

/// The first line that begins at `offset` or after it.
fn line_from(file: &mut (impl Read + Seek), offset: u64) -> io::Result<Option<Line>> {
    // One byte earlier: a line begins at the offset itself when that byte ends another.
    let start = offset.saturating_sub(1);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(2 * LONGEST_LINE);
    file.by_ref()
        .take(2 * LONGEST_LINE as u64)
        .read_to_end(&mut bytes)?;
    let skipped = if offset == 0 {
        0
    } else {
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => at + 1,
            None => return Ok(None),
        }
    };
    let rest = bytes.get(skipped..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let line = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
    let (text, times) = line.trim().split_once(':').unwrap_or((line.trim(), "1"));
    Ok(Some(Line {
        text: text.to_ascii_uppercase(),
        times: times.trim().parse().unwrap_or(1),
        end: start + (skipped + length + 1) as u64,
    }))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::io::Cursor;

    use super::*;

    fn digest(number: u64) -> String {
        format!("{:040X}", u128::from(number) * 0x1_0000_0001)
    }

    #[test]
    fn every_line_of_a_list_is_found_and_nothing_between_them() {
        for count in [1, 2, 3, 10, 257] {
            let mut list = String::new();
            for number in 1..=count {
                writeln!(list, "{}:{number}", digest(number * 2)).unwrap();
            }
            for number in 0..=count * 2 + 1 {
                let found = look_up(&mut Cursor::new(list.as_bytes()), &digest(number)).unwrap();
                let wanted = if number > 0 && number % 2 == 0 {
                    number / 2
                } else {
                    0
                };
                assert_eq!(found, wanted, "{number} of {count}");
            }
        }
    }

    #[test]
    fn digests_may_be_cut_short_in_lower_case_and_without_a_count() {
        let list = "0123456789abcdef\r\n89abcdef0123:7\r\n";
        let look = |digest: &str| look_up(&mut Cursor::new(list.as_bytes()), digest).unwrap();
        assert_eq!(look("0123456789ABCDEF000000000000000000000000"), 1);
        assert_eq!(look("89ABCDEF01230000000000000000000000000000"), 7);
        assert_eq!(look("89ABCDEF01240000000000000000000000000000"), 0);
    }

    #[test]
    fn an_empty_list_and_one_that_is_none_know_nothing() {
        for list in ["", "\n\n\n", "hello", "0\n1\n"] {
            let found = look_up(&mut Cursor::new(list.as_bytes()), &digest(1)).unwrap();
            assert_eq!(found, 0, "{list:?}");
        }
    }

    #[test]
    fn addresses_that_cannot_be_called_are_refused() {
        for text in ["", "file:///etc/passwd", "api.example.com", "ftp://example.com"] {
            assert!(
                LeakLists::new(Some(text), Http::new(true), None).is_err(),
                "{text}"
            );
        }
        assert!(LeakLists::new(Some("https://example.com/range/"), Http::new(true), None).is_ok());
    }
}
