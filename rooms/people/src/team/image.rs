//! What counts as a picture: told by its first bytes, whatever the sender calls it. Formats that can carry scripts do not.

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

impl Format {
    /// The format that a file begins as; `None` when it is another one.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        // A PNG goes on with its header chunk. What follows is for whoever shows it: nothing in either format can run.
        if bytes.starts_with(PNG) && bytes.get(12..16) == Some(b"IHDR") && bytes.len() > 33 {
            return Some(Self::Png);
        }
        (bytes.starts_with(JPEG) && bytes.len() > 16).then_some(Self::Jpeg)
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    pub(super) fn named(content_type: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg]
            .into_iter()
            .find(|format| format.content_type() == content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_content() {
        let png = [PNG, b"\0\0\0\rIHDR", &[0; 40]].concat();
        assert_eq!(Format::of(&png), Some(Format::Png));
        assert_eq!(Format::of(&[JPEG, &[0; 40]].concat()), Some(Format::Jpeg));
        for other in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            PNG,
            JPEG,
            b"",
            b"<html>\x89PNG",
        ] {
            assert_eq!(Format::of(other), None);
        }
        assert_eq!(Format::named("image/png"), Some(Format::Png));
        assert_eq!(Format::named("text/html"), None);
    }
}
