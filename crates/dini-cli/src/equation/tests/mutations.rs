//! Problem files damaged at random: each is read, or refused in words that a terminal can show.

use super::random::Random;
use super::residuals;
use crate::equation::{Given, ProblemFile, System};

const CORPORA: [&str; 4] = [
    "equations = [\"x^2 + y^2 = r^2\", \"y = m*x\"]\nfor = [\"x\", \"y\"]\ntol = 1e-12\nsolver = \"auto\"\n\
     max_iterations = 200\nbracket = [0, \"pi/2\"]\n\n[with]\nr = \"sqrt(2)\"\nm = \"r/2\"\n\"c[1]\" = 4 # a name\n\
     s = [1, 2, 5]\n\n[start]\nx = 1\n\n[bounds]\nx = \"0..\"\ny = \"0..10\"\n",
    "equations = \"\"\"x = 1\"\"\"\nwith = { a = 0x10, b = -inf, \"α\" = '''2''' }\n[start]\nx = 1979-05-27\n",
    "# a chain\nx[i] - x[i-1] = -h*x[i]^2 for i = 1..n, j = i..3\nx[0] = a # its end\n\nif(x < 1 and y >= 2, x, 2) = sum(k, 1, 3, z[k])\n",
    "2*x - y = e^-t\r\ny = lambertw(x)/max(1, 2, x)\n\tz = prod(i, 1, 4, i*x)\n",
];

/// What is put in: parts of both languages, numbers at the limits, characters that a terminal obeys.
const PIECES: [&str; 38] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "=",
    "\n",
    "\r\n",
    "#",
    ",",
    "..",
    ":",
    "^",
    "-",
    "1e308",
    "1e-400",
    "99999999999999999999",
    "0x",
    "\u{1b}[2J",
    "\u{0}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "𝛼",
    "for i = 1..1e9",
    "sum(i,1,1e9,",
    "x[1e300]",
    "x[",
    "nan",
    "[with]",
    "[[start]]",
    "equations",
    "a.b.c = 1\n",
    "\\u0007",
];

#[test]
fn damaged_problem_files_are_read_or_refused_in_words() {
    let mut random = Random(11);
    let (mut read, mut refused) = (0, 0);
    for round in 0..6_000 {
        let mut text: Vec<char> = CORPORA[round % CORPORA.len()].chars().collect();
        for _ in 0..=random.below(2) {
            damage(&mut text, &mut random);
        }
        let text: String = text.into_iter().collect();
        for file in [ProblemFile::parse(&text), Ok(ProblemFile::plain(&text))] {
            let checked = file.and_then(|file| file.check_equations().map(|()| file));
            match checked {
                Ok(file) => {
                    read += 1;
                    build(file);
                }
                Err(error) => {
                    refused += 1;
                    let shown = error.to_string();
                    let fit = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
                    assert!(shown.chars().all(fit), "{shown:?}");
                    assert!(shown.starts_with("line ") && shown.lines().count() <= 3, "{shown}");
                }
            }
        }
        let _ = ProblemFile::is_toml(&text);
    }
    assert!(read > 200 && refused > 3_000, "{read} read, {refused} refused");
}

/// Takes some of the text out, puts something in, or repeats a part of it.
fn damage(text: &mut Vec<char>, random: &mut Random) {
    let at = random.below(text.len() as u64 + 1) as usize;
    let end = (at + 1 + random.below(8) as usize).min(text.len());
    match random.below(3) {
        0 => drop(text.drain(at.min(end)..end)),
        1 => drop(text.splice(at..at, PIECES[random.below(PIECES.len() as u64) as usize].chars())),
        _ => {
            let part: Vec<char> = text[at.min(end)..end].to_vec();
            drop(text.splice(at..at, part.repeat(1 + random.below(120) as usize)));
        }
    }
}

/// Puts the file together, whatever comes of it.
fn build(file: ProblemFile) {
    let ProblemFile { equations, with, unknowns, start, .. } = file;
    let given = Given { values: with, unknowns, starts: start };
    match System::new(&equations.unwrap_or_default(), given) {
        Ok(system) => {
            residuals(&system, &vec![0.5; system.unknowns().len()], system.parameter_values());
        }
        Err(error) => assert!(!error.to_string().contains('\u{1b}'), "{error}"),
    }
}
