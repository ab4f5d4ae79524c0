//! Wire shapes of assignments.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::applications::AccessType;

/// The applications of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantApplications {
    pub(super) tenant_id: String,
    pub(super) app_ids: Vec<String>,
}

/// The applications of a tenant, each with who may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantAssignments {
    pub(super) tenant_id: String,
    pub(super) assignments: Vec<AssignmentView>,
}

/// An application a tenant has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssignmentView {
    pub(super) app_id: String,
    /// The assignment's own, else the application's.
    pub(super) access_type: AccessType,
}

/// The tenants that have an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationTenants {
    pub(super) tenant_ids: Vec<String>,
}

/// Which tenant is to have the application.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAssignment {
    pub(super) tenant_id: String,
    /// Who of the tenant may use it; what the application says when left out.
    pub(super) access_type: Option<AccessType>,
}

/// Who of the tenant may use the application.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssignmentChange {
    pub(super) access_type: AccessType,
}
