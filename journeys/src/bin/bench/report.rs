//! Lines of figures, for the terminal and for BENCHMARKS.md.

use std::fmt::Write as _;

use crate::load::Measured;

/// The ceiling that bounds a line.
#[derive(Clone, Copy)]
pub(crate) struct Ceiling {
    pub(crate) name: &'static str,
    pub(crate) per_second: f64,
}

/// One line of the report.
pub(crate) struct Line {
    pub(crate) engine: &'static str,
    pub(crate) what: String,
    /// Figures as text: rate, p50, p99, memory.
    cells: [String; 4],
    ratio: String,
    /// What was asked for, and whether it was reached.
    target: Option<(String, bool)>,
}

/// What a line has to reach.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    None,
    PerSecond(f64),
    OfCeiling(f64),
    P99Millis(f64),
}

impl Line {
    pub(crate) fn measured(
        engine: &'static str,
        what: impl Into<String>,
        measured: &Measured,
        memory_kib: u64,
        ceiling: Option<Ceiling>,
        target: Target,
    ) -> Self {
        let (rate, p99) = (measured.per_second(), measured.millis(0.99));
        let share = ceiling.map(|ceiling| rate / ceiling.per_second);
        let target = match target {
            Target::None => None,
            Target::PerSecond(wanted) => Some((format!("≥ {}/s", figure(wanted)), rate >= wanted)),
            Target::OfCeiling(wanted) => Some((
                format!("≥ {:.0} % of it", wanted * 100.0),
                share.is_some_and(|share| share >= wanted),
            )),
            Target::P99Millis(wanted) => Some((format!("p99 ≤ {wanted} ms"), p99 <= wanted)),
        };
        let mut what = what.into();
        if measured.failed > 0 {
            let _ = write!(what, " ({} wrong answers)", measured.failed);
            if let Some(wrong) = &measured.wrong {
                println!("wrong: {wrong}");
            }
        }
        Self {
            engine,
            what,
            cells: [
                format!("{}/s", figure(rate)),
                format!("{:.2} ms", measured.millis(0.5)),
                format!("{p99:.2} ms"),
                format!("{} MB", memory_kib / 1024),
            ],
            ratio: match (ceiling, share) {
                (Some(ceiling), Some(share)) => format!("{:.0} % of {}", share * 100.0, ceiling.name),
                _ => String::new(),
            },
            target,
        }
    }

    /// A single figure, such as a start time.
    pub(crate) fn single(
        engine: &'static str,
        what: impl Into<String>,
        value: f64,
        unit: &str,
        most: Option<f64>,
    ) -> Self {
        let cell = format!("{value:.0} {unit}");
        Self {
            engine,
            what: what.into(),
            cells: [cell, String::new(), String::new(), String::new()],
            ratio: String::new(),
            target: most.map(|most| (format!("≤ {most} {unit}"), value <= most)),
        }
    }

    /// A ceiling of the machine.
    pub(crate) fn ceiling(engine: &'static str, ceiling: Ceiling) -> Self {
        Self {
            engine,
            what: format!("calibration: {}", ceiling.name),
            cells: [
                format!("{}/s", figure(ceiling.per_second)),
                String::new(),
                String::new(),
                String::new(),
            ],
            ratio: String::new(),
            target: None,
        }
    }

    pub(crate) fn row(&self) -> String {
        let verdict = match &self.target {
            None => String::new(),
            Some((wanted, true)) => wanted.clone(),
            Some((wanted, false)) => format!("**missed**: {wanted}"),
        };
        let [rate, p50, p99, memory] = &self.cells;
        format!(
            "| {} | {} | {rate} | {p50} | {p99} | {memory} | {} | {verdict} |",
            self.engine, self.what, self.ratio
        )
    }

    pub(crate) fn missed(&self) -> bool {
        self.target.as_ref().is_some_and(|(_, reached)| !reached)
    }
}

pub(crate) const HEAD: &str = "| engine | what | rate or figure | p50 | p99 | peak memory | share of the ceiling | asked for |\n|---|---|---|---|---|---|---|---|";

/// A figure with separators, rounded to what it can say.
fn figure(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
