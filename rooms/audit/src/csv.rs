//! Records as comma-separated values (RFC 4180).

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The body of an export.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ExportBody {
    /// The columns, in order. Further members of a column's description are ignored.
    pub(crate) properties: Vec<Property>,
}

/// One column of an export.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Property {
    /// The heading.
    pub(crate) display_name: String,
    /// The member of the record.
    pub(crate) name: String,
}

impl ExportBody {
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), Vec<String>> {
        let long = |property: &Property| property.display_name.len() > 255 || property.name.len() > 255;
        if self.properties.is_empty() {
            return Err(vec!["properties should not be empty".to_owned()]);
        }
        if self.properties.len() > 100 {
            return Err(vec![
                "properties must contain no more than 100 elements".to_owned(),
            ]);
        }
        if self.properties.iter().any(long) {
            return Err(vec![
                "displayName and name must be shorter than or equal to 255 characters".to_owned(),
            ]);
        }
        Ok(())
    }

    /// The file: a line of headings, then one per row.
    pub(crate) fn render(&self, rows: &[Map<String, Value>]) -> Vec<u8> {
        let mut file = String::new();
        let headings = self
            .properties
            .iter()
            .map(|property| property.display_name.clone());
        line(&mut file, headings);
        for row in rows {
            line(
                &mut file,
                self.properties
                    .iter()
                    .map(|property| cell(row.get(&property.name))),
            );
        }
        file.into_bytes()
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn line(file: &mut String, cells: impl Iterator<Item = String>) {
    for (at, text) in cells.enumerate() {
        if at > 0 {
            file.push(',');
        }
        // A spreadsheet would run such a cell as a formula; whoever wrote the record may be anybody.
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let text = if formula { format!("'{text}") } else { text };
        if text.contains([',', '"', '\n', '\r']) {
            file.push('"');
            file.push_str(&text.replace('"', "\"\""));
            file.push('"');
        } else {
            file.push_str(&text);
        }
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_quoted_where_needed_and_never_formulas() {
        let body: ExportBody = serde_json::from_value(json!({"properties": [
            {"displayName": "Who, exactly", "name": "email", "sortable": true},
            {"displayName": "What", "name": "action"},
            {"displayName": "More", "name": "more"}
        ]}))
        .unwrap();
        let rows = [
            json!({"email": "=1+1", "action": "said \"hi\"\nand left", "more": {"a": 1}}),
            json!({"email": "-5", "action": null}),
        ]
        .map(|row| row.as_object().cloned().unwrap());
        let file = body.render(&rows);
        assert_eq!(
            String::from_utf8(file).unwrap(),
            "\"Who, exactly\",What,More\r\n'=1+1,\"said \"\"hi\"\"\nand left\",\"{\"\"a\"\":1}\"\r\n'-5,,\r\n"
        );
    }
}
