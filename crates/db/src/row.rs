//! One row of an answer, the same for both engines.

use std::ops::Range;

use rusqlite::types::{Type, ValueRef};

use crate::{Col, StoreError};

/// A row that owns its values.
#[derive(Debug)]
pub struct Row(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(Packed),
    Postgres(tokio_postgres::Row),
}

/// Texts and blobs of a SQLite row lie in one buffer: two allocations per row, whatever its width.
#[derive(Debug)]
pub(crate) struct Packed {
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

impl Row {
    pub(crate) fn from_sqlite(row: &rusqlite::Row<'_>, width: usize) -> Result<Self, StoreError> {
        let mut packed = Packed {
            cells: Vec::with_capacity(width),
            bytes: Vec::new(),
        };
        for index in 0..width {
            let cell = match row.get_ref(index).map_err(StoreError::from_sqlite)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(number) => Cell::Int(number),
                ValueRef::Real(number) => Cell::Real(number),
                ValueRef::Text(text) => Cell::Text(packed.keep(text)),
                ValueRef::Blob(blob) => Cell::Blob(packed.keep(blob)),
            };
            packed.cells.push(cell);
        }
        Ok(Self(Inner::Sqlite(packed)))
    }

    pub(crate) const fn from_postgres(row: tokio_postgres::Row) -> Self {
        Self(Inner::Postgres(row))
    }

    /// The value of a column, counted from 0 in the order of the SELECT list.
    ///
    /// # Errors
    /// [`StoreError::Column`] when there is no such column or it holds another type: a NULL read as `String`,
    /// for example.
    pub fn get<T: Col>(&self, index: usize) -> Result<T, StoreError> {
        match &self.0 {
            Inner::Sqlite(packed) => packed.get(index),
            Inner::Postgres(row) => row.try_get(index).map_err(|error| foreign(index, &error)),
        }
    }

    /// Bytes of a column, where they are; [`Row::get`] copies them.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        match &self.0 {
            Inner::Sqlite(packed) => packed.bytes(index),
            Inner::Postgres(row) => row.try_get(index).map_err(|error| foreign(index, &error)),
        }
    }

    /// How many columns the row has.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.0 {
            Inner::Sqlite(packed) => packed.cells.len(),
            Inner::Postgres(row) => row.len(),
        }
    }
}

impl Packed {
    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn value(&self, index: usize) -> Result<ValueRef<'_>, StoreError> {
        let lost = || fault(index, "it lies outside of its row");
        let cell = self.cells.get(index);
        Ok(
            match cell.ok_or_else(|| fault(index, "there is no such column"))? {
                Cell::Null => ValueRef::Null,
                Cell::Int(number) => ValueRef::Integer(*number),
                Cell::Real(number) => ValueRef::Real(*number),
                Cell::Text(range) => ValueRef::Text(self.bytes.get(range.clone()).ok_or_else(lost)?),
                Cell::Blob(range) => ValueRef::Blob(self.bytes.get(range.clone()).ok_or_else(lost)?),
            },
        )
    }

    fn get<T: Col>(&self, index: usize) -> Result<T, StoreError> {
        let value = self.value(index)?;
        T::column_result(value).map_err(|_| fault(index, &format!("it holds {}", name(value.data_type()))))
    }

    fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        match self.value(index)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            other => Err(fault(index, &format!("it holds {}", name(other.data_type())))),
        }
    }
}

fn fault(index: usize, reason: &str) -> StoreError {
    StoreError::Column {
        index,
        reason: reason.to_owned(),
    }
}

fn foreign(index: usize, error: &tokio_postgres::Error) -> StoreError {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    StoreError::Column { index, reason }
}

const fn name(ty: Type) -> &'static str {
    match ty {
        Type::Null => "NULL",
        Type::Integer => "a number",
        Type::Real => "a fraction",
        Type::Text => "a text",
        Type::Blob => "bytes",
    }
}
