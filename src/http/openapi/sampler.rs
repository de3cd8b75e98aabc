//! The schema of a sampler. Derived, it would be the parameters and beside them the method, and as the parameters allow no field
//! beside their own, nothing would be one: so the method is put among them.

use crate::sampler::{
    AncestralSpec, AnnealedLangevinSpec, LangevinSpec, PredictorCorrectorSpec, ProbabilityFlowSpec, SamplerSpec,
};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

impl PartialSchema for SamplerSpec {
    fn schema() -> RefOr<Schema> {
        let methods = [
            of("langevin", LangevinSpec::schema()),
            of("annealed_langevin", AnnealedLangevinSpec::schema()),
            of("predictor_corrector", PredictorCorrectorSpec::schema()),
            of("ancestral", AncestralSpec::schema()),
            of("probability_flow", ProbabilityFlowSpec::schema()),
        ];
        let sampler = methods.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item);
        let description = "A method, and the parameters that are not to have their defaults.";
        sampler
            .description(Some(description))
            .examples([serde_json::json!({"method": "ancestral", "steps": 25})])
            .into()
    }
}

impl ToSchema for SamplerSpec {
    fn name() -> std::borrow::Cow<'static, str> {
        "Sampler".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        LangevinSpec::schemas(schemas);
        AnnealedLangevinSpec::schemas(schemas);
        PredictorCorrectorSpec::schemas(schemas);
        AncestralSpec::schemas(schemas);
        ProbabilityFlowSpec::schemas(schemas);
    }
}

/// `parameters` with the method that they are of.
fn of(method: &str, parameters: RefOr<Schema>) -> RefOr<Schema> {
    match parameters {
        RefOr::T(Schema::Object(mut object)) => {
            let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([method]));
            object.properties.insert("method".to_owned(), name.into());
            object.required.push("method".to_owned());
            object.title = Some(method.to_owned());
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}
