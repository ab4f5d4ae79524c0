//! Tenants as hierarchies show them, and what bodies say about their places.

use std::collections::BTreeMap;

use kit::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::Faults;
use crate::tenants::{NewTenant, SubAccountAccess};

/// What is read of a tenant to show its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) tenant_id: String,
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) created_at: Millis,
    pub(super) is_reseller: bool,
    pub(super) access: SubAccountAccess,
}

/// A tenant above or below another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relative {
    tenant_id: String,
    /// How many steps away; the nearest are at 1.
    level: i64,
    tenant_name: String,
    /// The same as `tenantName`.
    name: String,
    /// Null at the top.
    parent_tenant_id: Option<String>,
    /// Free for the product's own use.
    status: Option<String>,
    is_reseller: bool,
    #[schema(value_type = String)]
    created_at: Millis,
}

impl Relative {
    pub(super) fn new(node: Node, level: i64) -> Self {
        Self {
            tenant_id: node.tenant_id,
            level,
            tenant_name: node.name.clone(),
            name: node.name,
            parent_tenant_id: (!node.parent.is_empty()).then_some(node.parent),
            status: node.status,
            is_reseller: node.is_reseller,
            created_at: node.created_at,
        }
    }
}

/// A tenant with everything below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tree {
    tenant_id: String,
    name: String,
    #[schema(no_recursion)]
    children: Vec<Self>,
}

impl Tree {
    /// Puts nodes together that were found level by level.
    pub(super) fn grow(top: Node, below: Vec<(Node, i64)>) -> Self {
        let mut waiting: BTreeMap<String, Vec<Self>> = BTreeMap::new();
        for (node, _) in below.into_iter().rev() {
            let mut tree = Self::leaf(node.tenant_id, node.name);
            tree.take_children(&mut waiting);
            waiting.entry(node.parent).or_default().push(tree);
        }
        let mut tree = Self::leaf(top.tenant_id, top.name);
        tree.take_children(&mut waiting);
        tree
    }

    const fn leaf(tenant_id: String, name: String) -> Self {
        Self {
            tenant_id,
            name,
            children: Vec::new(),
        }
    }

    fn take_children(&mut self, waiting: &mut BTreeMap<String, Vec<Self>>) {
        if let Some(mut children) = waiting.remove(&self.tenant_id) {
            children.reverse();
            self.children = children;
        }
    }
}

/// A sub-tenant in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    tenant_id: String,
    name: String,
    #[schema(value_type = String)]
    created_at: Millis,
    metadata: Family,
    is_reseller: bool,
    sub_account_access_type: SubAccountAccess,
    status: Option<String>,
    parent_tenant_id: String,
}

/// Whether there is more below.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Family {
    is_parent: bool,
}

impl Listed {
    pub(super) fn new(node: Node, is_parent: bool) -> Self {
        Self {
            tenant_id: node.tenant_id,
            name: node.name,
            created_at: node.created_at,
            metadata: Family { is_parent },
            is_reseller: node.is_reseller,
            sub_account_access_type: node.access,
            status: node.status,
            parent_tenant_id: node.parent,
        }
    }
}

/// How much stands below a tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FamilySize {
    pub(super) tenant_id: String,
    pub(super) total_sub_tenants: i64,
    pub(super) is_parent: bool,
}

/// A parent and a child.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair {
    pub(super) parent_tenant_id: String,
    pub(super) child_tenant_id: String,
}

impl Pair {
    pub(super) fn checked(self) -> Result<Self, Vec<String>> {
        let mut faults = Faults::default();
        faults.filled("parentTenantId", &self.parent_tenant_id);
        faults.filled("childTenantId", &self.child_tenant_id);
        faults.check()?;
        Ok(self)
    }
}

/// A sub-tenant to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSubTenant {
    /// Any text up to 255 characters; generated when absent or empty. That of a deleted tenant may be used again.
    #[serde(default)]
    tenant_id: Option<String>,
    /// Shown name; the id when absent or empty.
    #[serde(default)]
    name: Option<String>,
    /// The tenant above; the caller's own when absent.
    #[serde(default)]
    pub(super) parent_tenant_id: Option<String>,
    /// Free for the product's own use.
    #[serde(default)]
    status: Option<String>,
    /// An image in base64, at most 1 MiB.
    #[serde(default)]
    logo: Option<String>,
    #[serde(default)]
    logo_url: Option<String>,
    #[serde(default)]
    creator_name: Option<String>,
    #[serde(default)]
    creator_email: Option<String>,
    /// Whether it may have sub-tenants of its own making.
    #[serde(default)]
    pub(super) is_reseller: Option<bool>,
}

impl NewSubTenant {
    pub(super) fn below(self, parent: &str) -> NewTenant {
        NewTenant {
            tenant_id: self.tenant_id,
            name: self.name,
            parent_tenant_id: Some(parent.to_owned()),
            status: self.status,
            logo: self.logo,
            logo_url: self.logo_url,
            creator_name: self.creator_name,
            creator_email: self.creator_email,
            is_reseller: self.is_reseller,
            ..NewTenant::default()
        }
    }
}

/// The body of `PATCH sub-tenants/v1/{tenantId}`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubTenantName {
    pub(super) name: String,
}

/// The body of `PUT …/management`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Management {
    /// Whether the sub-tenant may have sub-tenants of its own making.
    pub(super) is_reseller: bool,
}

/// The body of `PUT …/hierarchy-settings`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HierarchySettings {
    pub(super) sub_account_access_type: SubAccountAccess,
}
