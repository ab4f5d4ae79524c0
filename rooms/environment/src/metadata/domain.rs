//! Reading and writing the documents. They belong to the environment.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Setting, Stored};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use web::Problem;

use super::model::{AdminBox, Entity, MetadataBody, MetadataRow, SamlMetadata};

pub(crate) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
    entity: Entity,
) -> Result<Option<MetadataRow>, StoreError> {
    let (scope, id) = (Scope::environment(environment.clone()), environment.as_str());
    Ok(match entity {
        Entity::AdminBox => settings::written(tx, &scope)
            .await?
            .map(|stored| MetadataRow::admin_box(id, stored)),
        Entity::Saml => settings::written(tx, &scope)
            .await?
            .map(|stored| MetadataRow::saml(id, stored)),
    })
}

/// Replaces the whole document.
pub(crate) async fn write(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    entity: Entity,
    body: &MetadataBody,
    by: &AuditRecord,
    now: Millis,
) -> Result<MetadataRow, Problem> {
    let scope = Scope::environment(environment.clone());
    let (id, configuration) = (environment.as_str(), body.configuration.clone());
    let row = match entity {
        Entity::AdminBox => {
            let value = AdminBox {
                is_active: body.is_active.unwrap_or(true),
                configuration,
            };
            MetadataRow::admin_box(id, put(tx, ids, &scope, now, &value).await?)
        }
        Entity::Saml => {
            let value = SamlMetadata {
                is_active: body.is_active.unwrap_or(false),
                configuration,
            };
            MetadataRow::saml(id, put(tx, ids, &scope, now, &value).await?)
        }
    };
    by.write(tx, ids, &scope, now).await?;
    Ok(row)
}

async fn put<S: Setting>(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    now: Millis,
    value: &S,
) -> Result<Stored<S>, StoreError> {
    settings::put(tx, ids, scope, now, value).await?;
    settings::written(tx, scope).await?.ok_or(StoreError::NoRow)
}

/// The document that a write means: the query's name, else the body's.
pub(crate) fn written_entity(query: Option<&str>, body: Option<&str>) -> Result<Entity, Problem> {
    let name = query.or(body).unwrap_or_default();
    Entity::named(name)
        .ok_or_else(|| Problem::bad_request("entityName must be one of the following values: adminBox, saml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_which_document_is_written() {
        assert_eq!(
            written_entity(Some("adminBox"), Some("")).unwrap(),
            Entity::AdminBox
        );
        assert_eq!(written_entity(None, Some("saml")).unwrap(), Entity::Saml);
        assert!(written_entity(None, None).is_err() && written_entity(Some("audits"), None).is_err());
    }
}
