//! A bar chart of nanoseconds per signature by batch size.

use super::Group;

/// The methods that have a bar, with their colours.
const METHODS: [(&str, &str); 4] = [
    ("naive", "#b8bcc4"),
    ("streaming", "#8a909c"),
    ("one by one", "#4a7bb5"),
    ("batch", "#1f9d6b"),
];

const LEFT: f64 = 56.0;
const TOP: f64 = 44.0;
const HEIGHT: f64 = 240.0;
const BAR: f64 = 14.0;
const STEP: f64 = 84.0;

/// A chart of the groups `batch of N, 172 bytes`.
pub(super) fn svg(groups: &[Group]) -> String {
    let sizes: Vec<_> = groups
        .iter()
        .filter_map(|group| Some((size(group)?, group)))
        .collect();
    let per_signature = |group: &Group, method| {
        let nanos = group.nanos(method)?;
        Some(nanos / group.elements as f64)
    };
    let times = sizes
        .iter()
        .flat_map(|(_, group)| METHODS.map(|(method, _)| per_signature(group, method)))
        .flatten();
    // The axis ends at the next hundred.
    let most = (times.fold(100.0, f64::max) / 100.0).ceil() * 100.0;
    let width = LEFT + STEP * sizes.len().max(1) as f64 + 16.0;
    let base = TOP + HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"14\" font-size=\"13\">Nanoseconds per signature, 172 bytes, by batch size</text>\n",
        base + 24.0
    );
    for (place, (method, colour)) in METHODS.iter().enumerate() {
        let x = LEFT + 100.0 * place as f64;
        svg += &format!("<rect x=\"{x}\" y=\"22\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
        svg += &format!("<text x=\"{}\" y=\"31\">{method}</text>\n", x + 14.0);
    }
    for line in 0..=4 {
        let (nanos, y) = (
            most * f64::from(line) / 4.0,
            base - HEIGHT * f64::from(line) / 4.0,
        );
        svg += &format!("<path d=\"M{LEFT} {y}H{}\" stroke=\"#ddd\"/>", width - 8.0);
        svg += &format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{nanos:.0}</text>\n",
            LEFT - 6.0,
            y + 4.0
        );
    }
    for (place, (size, group)) in sizes.iter().enumerate() {
        let x = LEFT + 12.0 + STEP * place as f64;
        for (bar, (method, colour)) in METHODS.iter().enumerate() {
            if let Some(nanos) = per_signature(group, method) {
                let (x, height) = (x + BAR * bar as f64, HEIGHT * nanos / most);
                svg += &format!(
                    "<rect x=\"{x}\" y=\"{:.1}\" width=\"{}\" height=\"{height:.1}\" fill=\"{colour}\">\
                     <title>{method}, batch of {size}: {nanos:.1} ns</title></rect>\n",
                    base - height,
                    BAR - 2.0
                );
            }
        }
        svg += &format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{size}</text>\n",
            x + 27.0,
            base + 16.0
        );
    }
    svg + "</svg>\n"
}

fn size(group: &Group) -> Option<u64> {
    group
        .name
        .strip_prefix("batch of ")?
        .strip_suffix(", 172 bytes")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Measurement;

    #[test]
    fn the_height_of_a_bar_is_the_time_per_signature() {
        let measurements = vec![
            Measurement {
                name: "naive".into(),
                nanos: 800.0,
            },
            Measurement {
                name: "batch".into(),
                nanos: 200.0,
            },
        ];
        let name = "batch of 2, 172 bytes".to_owned();
        let svg = svg(&[Group {
            name,
            elements: 2,
            measurements,
        }]);
        assert!(
            svg.contains("height=\"240.0\""),
            "the naive 400 ns reach the end of the axis"
        );
        assert!(svg.contains("height=\"60.0\""));
        assert!(svg.contains("batch, batch of 2: 100.0 ns"));
    }

    #[test]
    fn other_groups_have_no_bars() {
        assert!(
            !svg(&[Group {
                name: "single".into(),
                elements: 1,
                measurements: vec![]
            }])
            .contains("<title>")
        );
    }
}
