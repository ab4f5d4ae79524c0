//! The schema as the migrations make it: which room owns a table, and which tables belong to an environment.

use std::collections::{BTreeMap, BTreeSet};

use super::Breach;
use super::sql;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) owner: String,
    /// Whether it has a column `environment_id`.
    pub(crate) scoped: bool,
}

pub(crate) type Schema = BTreeMap<String, Table>;

/// `0007_people_groups.pg.sql` taken apart.
struct Name<'a> {
    number: &'a str,
    owner: &'a str,
    stem: &'a str,
    engine: Option<&'a str>,
}

/// Reads the migrations, given as file name and text.
pub(crate) fn read(files: &[(String, String)], owners: &BTreeSet<&str>) -> (Schema, Vec<Breach>) {
    let mut schema = Schema::new();
    let mut breaches = Vec::new();
    let mut stems: BTreeMap<&str, &str> = BTreeMap::new();
    let mut engines: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    let mut sorted: Vec<&(String, String)> = files.iter().collect();
    sorted.sort();
    for (file, text) in sorted {
        let path = format!("migrations/{file}");
        let Some(name) = parts(file, owners) else {
            breaches.push(Breach::file(
                &path,
                "a migration is called NNNN_room_what.sql, with .sqlite.sql and .pg.sql twins where the engines differ; the room must exist",
            ));
            continue;
        };
        if let Some(other) = stems
            .insert(name.number, name.stem)
            .filter(|other| *other != name.stem)
        {
            breaches.push(Breach::file(
                &path,
                format!("{other} has the number {} already", name.number),
            ));
        }
        engines.entry(name.stem).or_default().insert(name.engine);
        for statement in text.split(';') {
            if let Err(sentence) = apply(&mut schema, name.owner, &sql::tokens(statement)) {
                breaches.push(Breach::file(&path, sentence));
            }
        }
    }
    for (stem, found) in engines {
        if found != BTreeSet::from([None]) && found != BTreeSet::from([Some("pg"), Some("sqlite")]) {
            let path = format!("migrations/{stem}");
            breaches.push(Breach::file(
                &path,
                "is either one .sql file or a .sqlite.sql and a .pg.sql file",
            ));
        }
    }
    (schema, breaches)
}

fn parts<'a>(file: &'a str, owners: &BTreeSet<&str>) -> Option<Name<'a>> {
    let base = file.strip_suffix(".sql")?;
    let (stem, engine) = match base.rsplit_once('.') {
        None => (base, None),
        Some((stem, engine @ ("sqlite" | "pg"))) => (stem, Some(engine)),
        Some(_) => return None,
    };
    let mut words = stem.splitn(3, '_');
    let (number, owner, what) = (words.next()?, words.next()?, words.next()?);
    let good = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && !what.is_empty();
    (good && owners.contains(owner)).then_some(Name {
        number,
        owner,
        stem,
        engine,
    })
}

fn apply(schema: &mut Schema, owner: &str, statement: &[String]) -> Result<(), String> {
    let lower: Vec<String> = statement.iter().map(|token| token.to_lowercase()).collect();
    let words: Vec<&str> = lower
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "if" | "not" | "exists" | "only"))
        .collect();
    let scoped = words.contains(&"environment_id");
    match words.as_slice() {
        ["create", "table", name, ..] => {
            if let Some(table) = schema.get(*name).filter(|table| table.owner != owner) {
                return Err(format!("the table {name} belongs to {} already", table.owner));
            }
            let table = Table {
                owner: owner.to_owned(),
                scoped,
            };
            schema.insert((*name).to_owned(), table);
        }
        ["drop", "table", name, ..] => {
            owned(schema, owner, name)?;
            schema.remove(*name);
        }
        ["alter", "table", name, "rename", "to", new, ..] => {
            owned(schema, owner, name)?;
            if let Some(table) = schema.remove(*name) {
                schema.insert((*new).to_owned(), table);
            }
        }
        ["alter", "table", name, what, ..] => {
            owned(schema, owner, name)?;
            if let Some(table) = schema.get_mut(*name).filter(|_| *what == "add" && scoped) {
                table.scoped = true;
            }
        }
        _ => {}
    }
    Ok(())
}

fn owned(schema: &Schema, owner: &str, name: &str) -> Result<(), String> {
    match schema.get(name) {
        Some(table) if table.owner != owner => Err(format!(
            "the table {name} belongs to {}; only its migrations change it",
            table.owner
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(files: &[(&str, &str)]) -> (Schema, Vec<String>) {
        let files: Vec<_> = files
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        let (schema, breaches) = read(&files, &BTreeSet::from(["blocks", "people", "tenancy"]));
        (schema, breaches.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_file_name_says_who_owns_a_table() {
        let (schema, breaches) = read_all(&[
            (
                "0001_tenancy_roles.sql",
                "CREATE TABLE roles (environment_id TEXT, id TEXT); CREATE INDEX x ON roles (id);",
            ),
            (
                "0002_people_users.sqlite.sql",
                "create table if not exists \"users\" (id TEXT)",
            ),
            ("0002_people_users.pg.sql", "CREATE TABLE users (id TEXT)"),
            (
                "0003_people_scope.sql",
                "ALTER TABLE users ADD COLUMN environment_id TEXT",
            ),
        ]);
        assert_eq!(breaches, Vec::<String>::new());
        assert_eq!(
            schema.get("roles"),
            Some(&Table {
                owner: "tenancy".to_owned(),
                scoped: true
            })
        );
        assert_eq!(
            schema.get("users"),
            Some(&Table {
                owner: "people".to_owned(),
                scoped: true
            })
        );
    }

    #[test]
    fn a_table_made_anew_keeps_its_name() {
        let (schema, breaches) = read_all(&[
            ("0001_people_users.sql", "CREATE TABLE users (id TEXT)"),
            (
                "0002_people_anew.sql",
                "CREATE TABLE users_new (environment_id TEXT); DROP TABLE users; ALTER TABLE users_new RENAME TO users",
            ),
        ]);
        assert!(breaches.is_empty());
        assert_eq!(schema.keys().collect::<Vec<_>>(), ["users"]);
        assert!(schema.get("users").is_some_and(|table| table.scoped));
    }

    #[test]
    fn numbers_names_twins_and_owners_are_checked() {
        let (_, breaches) = read_all(&[
            ("0001_people_users.sql", "CREATE TABLE users (id TEXT)"),
            ("0001_people_other.sql", ""),
            ("0002_kitchen_x.sql", ""),
            ("3_people_x.sql", ""),
            ("0004_people_y.pg.sql", ""),
            (
                "0005_tenancy_z.sql",
                "ALTER TABLE users ADD COLUMN x TEXT; CREATE TABLE users (id TEXT)",
            ),
        ]);
        assert_eq!(breaches.len(), 6, "{breaches:#?}");
    }
}
