//! The schema of the JSON answer to a request for samples.

use crate::http::encode::Document;
use crate::http::plan::Plan;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The samples or, of a dry run, what they would come to.
pub(in crate::http) struct SamplesOrPlan;

impl PartialSchema for SamplesOrPlan {
    fn schema() -> RefOr<Schema> {
        let [samples, plan] = [Document::name(), Plan::name()].map(|name| Ref::from_schema_name(&*name));
        OneOfBuilder::new().item(samples).item(plan).into()
    }
}

impl ToSchema for SamplesOrPlan {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Document::name().into_owned(), Document::schema()));
        schemas.push((Plan::name().into_owned(), Plan::schema()));
        Document::schemas(schemas);
        Plan::schemas(schemas);
    }
}
