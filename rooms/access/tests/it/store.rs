//! What tests look up behind the API.

use db::{Db, args, sql};

pub(crate) async fn put_foreign_hash(db: &Db, environment: &str, user: &str, kind: &str, hash: &str) {
    db.exec(
        sql!(
            "INSERT INTO credentials (environment_id, user_id, kind, hash, config, created_at, updated_at)
             VALUES ($1, $2, $3, $4, NULL, 0, 0)"
        ),
        args![environment, user, kind, hash],
    )
    .await
    .unwrap();
}

pub(crate) async fn hash_of(db: &Db, environment: &str, user: &str) -> (String, String) {
    let row = db
        .one(
            sql!("SELECT kind, hash FROM credentials WHERE environment_id = $1 AND user_id = $2"),
            args![environment, user],
        )
        .await
        .unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap())
}

pub(crate) async fn refresh_tokens(db: &Db, environment: &str) -> i64 {
    let row = db
        .one(
            sql!("SELECT COUNT(*) FROM refresh_tokens WHERE environment_id = $1"),
            args![environment],
        )
        .await
        .unwrap();
    row.get(0).unwrap()
}
