//! Word of a change, for the caches of every node.

/// What a subscriber hears, after the commit it belongs to. A receiver that lagged behind (`RecvError::Lagged`)
/// has missed some and must treat that like [`Notice::Everything`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A transaction that called `tx.notify(topic, payload)` was committed, here or on another node.
    Topic { topic: String, payload: String },
    /// Notices may have been lost (the listening connection broke): drop every cache.
    Everything,
}

/// How many notices a slow subscriber may be behind.
pub(crate) const BACKLOG: usize = 1024;

/// PostgreSQL's limit is 8000 bytes; longer ones become [`Notice::Everything`].
const LONGEST: usize = 7900;

/// The text sent over PostgreSQL's channel.
pub(crate) fn to_wire(topic: &str, payload: &str) -> String {
    if topic.len() + payload.len() > LONGEST {
        return String::new();
    }
    format!("{topic}\n{payload}")
}

/// The opposite of [`to_wire`]; what cannot be read means everything.
pub(crate) fn from_wire(text: &str) -> Notice {
    text.split_once('\n')
        .map_or(Notice::Everything, |(topic, payload)| Notice::Topic {
            topic: topic.to_owned(),
            payload: payload.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_the_wire() {
        let notice = Notice::Topic {
            topic: "keys".into(),
            payload: "a\nb".into(),
        };
        assert_eq!(from_wire(&to_wire("keys", "a\nb")), notice);
        assert_eq!(from_wire(&to_wire("keys", &"x".repeat(9000))), Notice::Everything);
    }
}
