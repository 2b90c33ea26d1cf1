//! Wall and processor time, and what many rounds of them say.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock.
    pub wall: Duration,
    /// Of all processors.
    pub cpu: Duration,
}

/// Runs something and says what it took, processor time of all threads of this process.
pub fn took<T>(action: impl FnOnce() -> T) -> (T, Took) {
    let (cpu, wall) = (process_cpu(), Instant::now());
    let result = action();
    let wall = wall.elapsed();
    let cpu = process_cpu().saturating_sub(cpu);
    (result, Took { wall, cpu })
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Processor time of the children that have ended. The kernel counts it in hundredths of a second.
pub fn children_cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: field 3 is the state; 16 and 17 are the children's times.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(13).take(2);
    Duration::from_millis(ticks.filter_map(|t| t.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// Quartiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// The first quartile.
    pub low: f64,
    /// The second.
    pub median: f64,
    /// The third.
    pub high: f64,
}

impl Spread {
    /// Of some numbers; zeros where there are none.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let at = |quarters: usize| sorted.get((last * quarters + 2) / 4).copied().unwrap_or(0.0);
        Self {
            low: at(1),
            median: at(2),
            high: at(3),
        }
    }
}

/// One contender's rounds.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// Who.
    pub name: &'static str,
    /// Round by round.
    pub took: Vec<Took>,
    /// Kilobytes of the largest process; 0 where it was not a process of its own.
    pub peak_kb: u64,
}

/// Runs all contenders `rounds` times, each time another one first, after a round that warms up; of each place what it took, and the
/// kilobytes of its process.
///
/// # Errors
/// The first of a run.
pub fn in_turns<E>(
    names: &[&'static str],
    rounds: usize,
    mut run: impl FnMut(usize) -> Result<(Took, u64), E>,
) -> Result<Vec<Rounds>, E> {
    let mut all: Vec<Rounds> = names
        .iter()
        .map(|name| Rounds {
            name,
            took: Vec::new(),
            peak_kb: 0,
        })
        .collect();
    for round in 0..=rounds {
        for turn in 0..all.len() {
            let place = (round + turn) % all.len();
            let (took, peak_kb) = run(place)?;
            if round > 0 {
                all[place].took.push(took);
                all[place].peak_kb = all[place].peak_kb.max(peak_kb);
            }
        }
    }
    Ok(all)
}

/// A contender's line of the summary.
#[derive(Debug, Serialize)]
pub struct Line {
    name: &'static str,
    wall_ms: Spread,
    cpu_ms: Spread,
    /// Our time over this contender's, round by round.
    ours_over_theirs: Spread,
    ours_over_theirs_cpu: Spread,
    peak_kb: u64,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The table of a comparison; ours is the first contender.
#[expect(clippy::print_stdout, reason = "a bench reports")]
pub fn report(title: &str, contenders: &[Rounds]) -> Vec<Line> {
    let Some(ours) = contenders.first() else {
        return Vec::new();
    };
    println!(
        "  {title:<34}{:>10}{:>19}{:>10}  {:<24}{:>9}{:>10}",
        "wall ms", "quartiles", "cpu ms", "ours/theirs (quartiles)", "cpu", "peak MB"
    );
    let mut lines = Vec::new();
    for rounds in contenders {
        let ratio =
            |time: fn(&Took) -> f64| Spread::of(ours.took.iter().zip(&rounds.took).map(|(o, t)| time(o) / time(t)));
        let line = Line {
            name: rounds.name,
            wall_ms: Spread::of(rounds.took.iter().map(|t| ms(t.wall))),
            cpu_ms: Spread::of(rounds.took.iter().map(|t| ms(t.cpu))),
            ours_over_theirs: ratio(|t| ms(t.wall)),
            ours_over_theirs_cpu: ratio(|t| ms(t.cpu).max(1.0)),
            peak_kb: rounds.peak_kb,
        };
        let (wall, walls) = (line.wall_ms, line.ours_over_theirs);
        let peak = if line.peak_kb == 0 {
            String::new()
        } else {
            format!("{}", line.peak_kb / 1024)
        };
        println!(
            "  {:<34}{:>10.1}{:>19}{:>10.1}  {:<24}{:>9.3}{peak:>10}",
            line.name,
            wall.median,
            format!("{:.1} – {:.1}", wall.low, wall.high),
            line.cpu_ms.median,
            format!("{:.3} ({:.3} – {:.3})", walls.median, walls.low, walls.high),
            line.ours_over_theirs_cpu.median,
        );
        lines.push(line);
    }
    lines
}
