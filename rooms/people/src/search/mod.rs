//! The search index over users: which of them hold a text anywhere in name, username, or the address and
//! the number that are primary.
//!
//! Every user has a number, and for every *gram* (one, two or three neighbouring characters of the user's text) there are
//! blocks of numbers of users that hold it. A search takes the blocks of the grams of what it looks for apart, and looks
//! only at users whom all of them name; those it reads, because grams may stand in a text without standing together.
//!
//! A user who is written is put into a queue in the same transaction ([`note`]). [`FoldJob`] moves queued users into the
//! blocks, some hundred at a time, so writers never meet in a block. A search reads the queue as well: what is queued counts
//! as it is now, and not as the blocks have it. Tags hold what is not text: the large tenants a user is a member of, the families ([`crate::families`]), and
//! whether the user is invisible, and the user's class.

mod bits;
mod columns;
mod fold;
mod index;
mod kept;
mod store;
mod text;

pub use fold::FoldJob;

pub(crate) use bits::Bits;
pub(crate) use columns::{Key, PARTS, beginning, is_whole, part_of, part_of_time, parts_of};
pub(crate) use fold::fold_in;
pub(crate) use index::{Candidates, Scope, candidates, of_classes};
pub(crate) use kept::Columns;
pub(crate) use store::{contents_of, docs_of, note, note_members, note_members_after, users_of, waiting_in};
pub(crate) use text::{Content, Marker, Needle, Phrase, tag_of_tenant};
