//! What can be bound and what can be read, on both engines alike.

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql as PgToSql, Type};

use crate::StoreError;

/// A value both drivers can bind: strings, `i64`, `bool`, bytes, options and references of them, [`Value`].
/// Numbers are bound as `i64`: PostgreSQL refuses an `i32` for a BIGINT.
pub trait Param: rusqlite::ToSql + PgToSql + Send + Sync {}
impl<T: rusqlite::ToSql + PgToSql + Send + Sync + ?Sized> Param for T {}

/// A type both drivers can read from a column: `String`, `i64`, `bool`, `Vec<u8>` and options of them.
pub trait Col: rusqlite::types::FromSql + for<'a> tokio_postgres::types::FromSql<'a> {}
impl<T: rusqlite::types::FromSql + for<'a> tokio_postgres::types::FromSql<'a>> Col for T {}

/// The values of a statement, made by [`args!`](crate::args!).
pub type Args<'a> = &'a [&'a (dyn Param + Sync)];

/// The values of a statement in the order of their placeholders: `args![&user.id, now, None::<&str>]`.
#[macro_export]
macro_rules! args {
    () => { &[] as $crate::Args<'_> };
    ($($value:expr),+ $(,)?) => { &[$(&$value as &(dyn $crate::Param + Sync)),+] as $crate::Args<'_> };
}

/// An owned value, for statements that are put together at run time ([`crate::Query`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(String),
    Int(i64),
    Bool(bool),
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

type Fault = Box<dyn std::error::Error + Sync + Send>;

impl PgToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => text.to_sql_checked(ty, out),
            Self::Int(number) => number.to_sql_checked(ty, out),
            Self::Bool(truth) => truth.to_sql_checked(ty, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(ty, out),
        }
    }

    /// Which types fit depends on the variant, so the variants check for themselves.
    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Refuses U+0000 in texts: PostgreSQL cannot store it and SQLite would cut the text in some functions, so
/// neither gets to see it.
pub(crate) fn refuse_nul(args: &[&(dyn Param + Sync)]) -> Result<(), StoreError> {
    for arg in args {
        if is_text_with_nul(&rusqlite::ToSql::to_sql(*arg).map_err(StoreError::from_sqlite)?) {
            return Err(StoreError::Nul);
        }
    }
    Ok(())
}

pub(crate) fn is_text_with_nul(value: &ToSqlOutput<'_>) -> bool {
    match value {
        ToSqlOutput::Borrowed(ValueRef::Text(text)) => text.contains(&0),
        ToSqlOutput::Owned(rusqlite::types::Value::Text(text)) => text.contains('\0'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_what_callers_hold() {
        assert_eq!(Value::from("a"), Value::Text("a".into()));
        assert_eq!(Value::from(None::<String>), Value::Null);
        assert_eq!(Value::from(Some(5)), Value::Int(5));
        assert_eq!(Value::from(true), Value::Bool(true));
        assert_eq!(Value::from(vec![1u8]), Value::Bytes(vec![1]));
    }

    #[test]
    fn args_take_values_and_references() {
        let (text, list) = (String::from("a"), vec![1u8]);
        let args = args![&text, 5i64, text.as_str(), None::<&str>, Some(&text), &list, true];
        assert_eq!(args.len(), 7);
        assert!(refuse_nul(args).is_ok());
        assert!(matches!(refuse_nul(args!["a\0b"]), Err(StoreError::Nul)));
        assert!(refuse_nul(args![vec![0u8]]).is_ok());
        assert!(args![].is_empty());
    }
}
