//! Prints the scoreboard; with `--record` also makes it what the tests compare with.

use std::{env, fs, process};

use dini_testkit::{cases, scoreboard};

fn main() -> std::io::Result<()> {
    let lines = scoreboard::run(&cases());
    let text = scoreboard::print(&lines);
    print!("{text}");
    let worse = scoreboard::regressions(&scoreboard::parse(scoreboard::RECORD), &lines);
    worse.iter().for_each(|w| eprintln!("worse than recorded: {w}"));
    if env::args().skip(1).any(|a| a == "--record") {
        return fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/scoreboard.txt"), text);
    }
    process::exit(i32::from(!worse.is_empty()));
}
