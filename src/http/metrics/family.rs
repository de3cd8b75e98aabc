//! A struct of metrics from a list of fields.

use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
};
use prometheus::{Registry, Result};

/// A kind of metric that [`families`] can declare.
pub(super) trait Family: Collector + Clone + 'static {
    /// Makes it. `labels` mean nothing to a single metric, `buckets` only something to a histogram.
    fn family(opts: Opts, labels: &[&str], buckets: &[f64]) -> Result<Self>;
}

macro_rules! family {
    ($($kind:ty: |$opts:ident, $labels:ident, $buckets:ident| $make:expr;)*) => {$(
        impl Family for $kind {
            fn family($opts: Opts, $labels: &[&str], $buckets: &[f64]) -> Result<Self> {
                $make
            }
        }
    )*};
}

family! {
    Gauge: |opts, _labels, _buckets| Self::with_opts(opts);
    IntGauge: |opts, _labels, _buckets| Self::with_opts(opts);
    IntCounter: |opts, _labels, _buckets| Self::with_opts(opts);
    IntGaugeVec: |opts, labels, _buckets| Self::new(opts, labels);
    IntCounterVec: |opts, labels, _buckets| Self::new(opts, labels);
    Histogram: |opts, _labels, buckets| Self::with_opts(HistogramOpts::from(opts).buckets(buckets.to_vec()));
    HistogramVec: |opts, labels, buckets| Self::new(HistogramOpts::from(opts).buckets(buckets.to_vec()), labels);
}

/// Makes a metric and registers it.
pub(super) fn register<F: Family>(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> Result<F> {
    let metric = F::family(Opts::new(name, help.trim()), labels, buckets)?;
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

/// Declares a struct of metrics: the field's name after `smld_` is the metric's name, its doc comment the help text, then its
/// kind, its labels and, of a histogram, its buckets.
macro_rules! families {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[doc = $help:literal])+ $field:ident: $kind:ty [$($label:literal),*] $(in $buckets:expr)?,)*
    }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[doc = $help])+ $field: $kind,)* }

        impl $name {
            fn register(registry: &prometheus::Registry) -> prometheus::Result<Self> {
                Ok(Self { $($field: family::register(
                    registry,
                    concat!("smld_", stringify!($field)),
                    concat!($($help),+),
                    &[$($label),*],
                    families!(@buckets $($buckets)?),
                )?,)* })
            }
        }
    };
    (@buckets) => { &[] };
    (@buckets $buckets:expr) => { &$buckets };
}

pub(super) use families;
