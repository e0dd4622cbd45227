//! Certificates: what they prove must be so, and they must prove what can be proved.

use dini::cells::Tanh;
use dini::certify::{Fault, Limits, Why, roots};
use dini::interval::Interval;
use dini::model::Kind;
use dini::program::{Graph, Join, Trace, Var, select};
use dini::{Error, Model, Newton, Options, Rows, solve};

type Outcome = Result<(), Error>;

/// The fold of z = tanh(2 z + x): x where the branches meet.
const FOLD: f64 = 0.532_839_975_353_552;

#[test]
fn the_region_of_the_tanh_cell_ends_before_the_fold_and_covers_a_quarter() -> Outcome {
    let cell = Model::fixed_point(|z, x| [(2.0 * z[0] + x[0]).tanh()]).parameters(&[0.5]).tolerance(1e-13);
    for (start, distance) in [(-0.9, FOLD - 0.5), (0.9, FOLD + 0.5)] {
        let proof = cell.solve(&[start])?.certificate()?;
        assert!(proof.holds, "{proof}");
        let radius = proof.parameters[0].radius;
        assert!(radius < distance && radius > 0.25 * distance, "{radius} of {distance}");
        assert!(proof.together.radius <= radius && proof.together.radius > 0.25 * distance);
        assert!(proof.ball < 1e-12 && proof.unique_within > 1e-3, "{proof:?}");
    }
    Ok(())
}

#[test]
fn what_is_proved_is_so_by_closed_forms() -> Outcome {
    // z^2 = a: the other root is 2 sqrt a away, the fold at a = 0
    for a in [1e-8, 0.3, 1.0, 7.0, 1e6] {
        let s =
            Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[a]).tolerance(1e-13).solve(&[a.sqrt() * 1.1])?;
        let proof = s.certificate()?;
        assert!(proof.holds, "{a}: {proof}");
        let root = a.sqrt();
        assert!((s.z()[0] - root).abs() <= proof.ball);
        assert!(proof.unique_within < 2.0 * root && proof.unique_within > 0.5 * root, "{proof:?}");
        assert!(proof.parameters[0].radius < a && proof.parameters[0].radius > 0.25 * a, "{proof:?}");
    }
    Ok(())
}

#[test]
fn a_linear_system_is_certified_without_limits() -> Outcome {
    let s = Model::equation(|z, a| [2.0 * z[0] + z[1] - a[0], z[0] - 3.0 * z[1] - a[1]]).parameters(&[1.0, 2.0]);
    let proof = s.tolerance(1e-14).solve(&[0.0, 0.0])?.certificate()?;
    assert!(proof.holds && proof.unique_within.is_infinite(), "{proof:?}");
    assert!(proof.parameters.iter().all(|region| region.radius > 1e12) && proof.together.radius > 1e12, "{proof:?}");
    Ok(())
}

#[test]
fn a_loose_root_has_a_ball_that_holds_the_exact_one() -> Outcome {
    for tolerance in [1e-2, 1e-4, 1e-8] {
        let s =
            Model::equation(|z, a| [z[0].exp() * z[0] - a[0]]).parameters(&[1.0]).tolerance(tolerance).solve(&[1.0])?;
        let proof = s.certificate()?;
        let off = (s.z()[0] - 0.567_143_290_409_783_8).abs();
        assert!(proof.holds && off <= proof.ball && proof.ball < 2.0 * off + 1e-15, "{off} {proof:?}");
    }
    Ok(())
}

#[test]
fn folds_multiple_roots_and_kinks_are_never_certified() -> Outcome {
    /// An equation with a name, a start and parameters.
    type Case<'c> = (&'c str, fn(&[Var], &[Var]) -> Vec<Var>, &'c [f64], &'c [f64]);
    let refused: [Case<'_>; 9] = [
        ("a double root", |z, _| vec![(z[0] - 1.0).powi(2)], &[1.3], &[0.0]),
        ("a double root by rounding", |z, _| vec![z[0] * z[0] - 2.0 * 2f64.sqrt() * z[0] + 2.0], &[1.3], &[0.0]),
        ("a triple root", |z, a| vec![(z[0] - 1.0).powi(3) + 0.0 * a[0]], &[1.3], &[0.0]),
        ("a kink by z", |z, a| vec![z[0].abs() + 2.0 * z[0] - a[0]], &[0.3], &[0.0]),
        ("a kink by a", |z, a| vec![z[0] - a[0].abs()], &[0.3], &[0.0]),
        ("no slope by a", |z, a| vec![z[0] - a[0].cbrt()], &[0.3], &[0.0]),
        (
            "Powell singular",
            |z, a| {
                let [x, y, u, v] = [z[0], z[1], z[2], z[3]];
                vec![
                    x + 10.0 * y,
                    5f64.sqrt() * (u - v),
                    (y - 2.0 * u).powi(2),
                    10f64.sqrt() * (x - v).powi(2) + 0.0 * a[0],
                ]
            },
            &[3.0, -1.0, 0.0, 1.0],
            &[0.0],
        ),
        (
            "equations that say the same",
            |z, a| vec![z[0] + z[1] - a[0], 2.0 * (z[0] + z[1]) - 2.0 * a[0]],
            &[0.2, 0.3],
            &[1.0],
        ),
        ("a fold of the cell", |z, x| vec![z[0] - (2.0 * z[0] + x[0]).tanh()], &[-0.7], &[FOLD]),
    ];
    for (what, g, start, a) in refused {
        let s = Model::equation(g).parameters(a).tolerance(1e-12).solve(start)?;
        let proof = s.certificate()?;
        assert!(!proof.holds && proof.fault.is_some(), "{what}: {proof:?}");
        assert!(proof.together.radius == 0.0, "{what}: {proof:?}");
    }
    Ok(())
}

#[test]
fn no_root_and_no_program_are_said() -> Outcome {
    let s = Model::equation(|z, a| [z[0] * z[0] + a[0]]).parameters(&[1.0]).solve(&[1.0])?;
    assert_eq!(s.certificate()?.fault, Some(Fault::NoRoot));
    let s = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0] - a[0])
        .parameters(&[1.0])
        .solve(&[0.0])?;
    assert!(matches!(s.certificate(), Err(Error::Trace { .. })));
    Ok(())
}

#[test]
fn numbers_stand_for_what_they_were_rounded_from() -> Outcome {
    // 0.1 * 3 - 0.3 is 0, and not the 5.6e-17 that floating point makes of it: a double root, whatever the sign
    for join in [Join::Add, Join::Subtract] {
        let mut graph = Graph::new();
        let [tenth, three, tenths] = [0.1, 3.0, 0.3].map(|value| graph.number(value));
        let product = graph.join(Join::Multiply, tenth, three);
        let nothing = graph.join(Join::Subtract, product, tenths);
        let z = graph.input(0);
        let square = graph.raise(z, 2.0);
        let g = graph.join(join, square, nothing);
        let all = Model::program(Kind::Equation, Trace { graph, outputs: vec![g] }).roots_within(&[(-1.0, 1.0)])?;
        assert!(all.roots.is_empty() && !all.is_complete(), "{all:?}");
    }
    Ok(())
}

/// Two quadratic equations in two unknowns, made so that many have roots, close ones and none.
struct Conics {
    c: [f64; 12],
}

impl Conics {
    fn random(next: &mut impl FnMut() -> f64) -> Self {
        Conics { c: std::array::from_fn(|_| (4.0 * next() - 2.0) * if next() < 0.2 { 0.0 } else { 1.0 }) }
    }

    fn value(&self, [x, y]: [f64; 2], a: f64) -> [f64; 2] {
        let c = &self.c;
        [
            c[0] * x * x + c[1] * x * y + c[2] * y * y + c[3] * x + c[4] * y + c[5] + a,
            c[6] * x * x + c[7] * x * y + c[8] * y * y + c[9] * x + c[10] * y + c[11] - 0.5 * a,
        ]
    }

    fn slope(&self, [x, y]: [f64; 2]) -> [[f64; 2]; 2] {
        let c = &self.c;
        [
            [2.0 * c[0] * x + c[1] * y + c[3], c[1] * x + 2.0 * c[2] * y + c[4]],
            [2.0 * c[6] * x + c[7] * y + c[9], c[7] * x + 2.0 * c[8] * y + c[10]],
        ]
    }

    /// Newton's method in plain numbers.
    fn newton(&self, mut z: [f64; 2], a: f64) -> Option<[f64; 2]> {
        for _ in 0..60 {
            let (g, [[p, q], [r, s]]) = (self.value(z, a), self.slope(z));
            let det = p * s - q * r;
            let step = [(s * g[0] - q * g[1]) / det, (p * g[1] - r * g[0]) / det];
            z = [z[0] - step[0], z[1] - step[1]];
            if !(z[0].is_finite() && z[1].is_finite()) {
                return None;
            }
            if step[0].abs() + step[1].abs() < 1e-14 * (1.0 + z[0].abs() + z[1].abs()) {
                return Some(z);
            }
        }
        None
    }

    fn model(&self, a: f64) -> Model<dini::model::OnVars<'_>, f64> {
        let c = &self.c;
        Model::equation(move |z, a| {
            let [x, y] = [z[0], z[1]];
            [
                c[0] * x * x + c[1] * x * y + c[2] * y * y + c[3] * x + c[4] * y + c[5] + a[0],
                c[6] * x * x + c[7] * x * y + c[8] * y * y + c[9] * x + c[10] * y + c[11] - 0.5 * a[0],
            ]
        })
        .parameters(&[a])
    }
}

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Every root that plain Newton iterations find must be in the list, and every one of the list must be a root; within a
/// certificate's regions there must be one root throughout.
#[test]
fn random_systems_agree_with_brute_force() -> Outcome {
    let mut next = random(7);
    let (mut certified, mut complete, mut found) = (0, 0, 0);
    for _ in 0..400 {
        let (conics, a) = (Conics::random(&mut next), next() - 0.5);
        let model = conics.model(a);
        let all = model.roots_within(&[(-3.0, 3.0), (-3.0, 3.0)])?;
        complete += usize::from(all.is_complete());
        found += all.roots.len();
        let near = |z: &[f64], to: [f64; 2]| (z[0] - to[0]).abs() + (z[1] - to[1]).abs() < 1e-7;
        for root in &all.roots {
            let z = conics.newton([root.z[0], root.z[1]], a).expect("a regular root");
            assert!(near(&root.z, z), "{root:?} is no root");
        }
        for (i, one) in all.roots.iter().enumerate() {
            assert!(all.roots[i + 1..].iter().all(|other| !near(&one.z, [other.z[0], other.z[1]])), "one root twice");
        }
        for _ in 0..40 {
            let start = [6.0 * next() - 3.0, 6.0 * next() - 3.0];
            let Some(z) = conics.newton(start, a).filter(|z| z.iter().all(|z| z.abs() < 3.0)) else { continue };
            let listed = all.roots.iter().any(|root| near(&root.z, z));
            let undecided = all.undecided.iter().any(|left| {
                left.sides
                    .iter()
                    .zip(z)
                    .all(|(side, z)| side.contains(z) || side.magnitude() > z.abs() && side.mignitude() < z.abs())
            });
            assert!(listed || undecided, "{z:?} is missed: {all:?}");
        }
        for root in &all.roots {
            let proof = model.clone().tolerance(1e-13).solve(&root.z)?.certificate()?;
            if !proof.holds {
                continue;
            }
            certified += 1;
            // along the region the root goes on
            let radius = proof.parameters[0].radius.min(10.0);
            for share in [-0.999, -0.5, 0.5, 0.999] {
                let at = a + share * radius;
                let z = conics.newton([root.z[0], root.z[1]], at);
                // by small steps where a large one fails
                let mut walked = [root.z[0], root.z[1]];
                for k in 1..=200 {
                    walked = conics.newton(walked, a + share * radius * f64::from(k) / 200.0).unwrap_or(walked);
                }
                let g = conics.value(walked, at);
                let reach = &proof.parameters[0].reach;
                let inside = (0..2).all(|j| (walked[j] - root.z[j]).abs() <= reach[j] * (1.0 + 1e-9) + 1e-12);
                assert!(g[0].abs() + g[1].abs() < 1e-9 && inside, "{proof:?} but at {at} {walked:?} ({z:?})");
            }
        }
    }
    assert!(certified > 250 && complete > 380 && found > 300, "{certified} {complete} {found}");
    Ok(())
}

/// How many roots a system has in a box, and whether that is proved.
fn count(g: impl Fn(&[Var]) -> Vec<Var>, sides: &[(f64, f64)]) -> Result<(usize, bool, usize), Error> {
    let all = Model::equation(move |z, _| g(z)).roots_within(sides)?;
    Ok((all.roots.len(), all.is_complete(), all.boxes))
}

#[test]
fn known_systems_have_their_roots_and_no_others() -> Outcome {
    let square = |n: usize, size: f64| vec![(-size, size); n];
    // Freudenstein and Roth: one root
    let freudenstein = |z: &[Var]| {
        let [x, y] = [z[0], z[1]];
        vec![x - 13.0 + ((5.0 - y) * y - 2.0) * y, x - 29.0 + ((y + 1.0) * y - 14.0) * y]
    };
    let (roots, complete, boxes) = count(freudenstein, &square(2, 100.0))?;
    println!("freudenstein {roots} {boxes}");
    assert!(roots == 1 && complete);
    // Boggs: (0, 1), (1, 0) and (-1/sqrt 2, 3/2)
    let boggs = |z: &[Var]| {
        let [x, y] = [z[0], z[1]];
        vec![x * x - y + 1.0, x - (std::f64::consts::FRAC_PI_2 * y).cos()]
    };
    let (roots, complete, boxes) = count(boggs, &square(2, 10.0))?;
    println!("boggs {roots} {boxes}");
    assert!(roots == 3 && complete);
    // Powell badly scaled: two, mirrored
    let powell = |z: &[Var]| vec![1e4 * z[0] * z[1] - 1.0, (-z[0]).exp() + (-z[1]).exp() - 1.0001];
    let (roots, complete, boxes) = count(powell, &square(2, 100.0))?;
    println!("powell {roots} {boxes}");
    assert!(roots == 2 && complete);
    // the gradient of Himmelblau's function: 4 minima, 4 saddles, 1 maximum
    let himmelblau = |z: &[Var]| {
        let [x, y] = [z[0], z[1]];
        let (p, q) = (x * x + y - 11.0, x + y * y - 7.0);
        vec![4.0 * x * p + 2.0 * q, 2.0 * p + 4.0 * y * q]
    };
    let (roots, complete, boxes) = count(himmelblau, &square(2, 10.0))?;
    println!("himmelblau {roots} {boxes}");
    assert!(roots == 9 && complete);
    // the gradient of Wood's function: the minimum, a saddle, and a local maximum's neighbour
    let wood = |z: &[Var]| {
        let [x, y, u, v] = [z[0], z[1], z[2], z[3]];
        vec![
            -200.0 * x * (y - x * x) - (1.0 - x),
            100.0 * (y - x * x) + 10.1 * (y - 1.0) + 9.9 * (v - 1.0),
            -180.0 * u * (v - u * u) - (1.0 - u),
            90.0 * (v - u * u) + 10.1 * (v - 1.0) + 9.9 * (y - 1.0),
        ]
    };
    let (roots, complete, boxes) = count(wood, &square(4, 10.0))?;
    println!("wood {roots} {boxes}");
    assert!(complete && roots == 3, "{roots}");
    // the trigonometric system of Spedicato and of Moré, n = 3
    let trigonometric = |z: &[Var]| {
        let sum: Var = z.iter().map(|z| z.cos()).sum();
        (0..3).map(|i| 3.0 - sum + (i + 1) as f64 * (1.0 - z[i].cos()) - z[i].sin()).collect::<Vec<Var>>()
    };
    let (roots, complete, boxes) = count(trigonometric, &[(0.1, 1.0), (0.1, 1.0), (0.1, 1.0)])?;
    println!("trigonometric {roots} {boxes} {complete}");
    assert!(complete);
    Ok(())
}

#[test]
fn the_inverse_kinematics_of_an_arm_has_two_postures() -> Outcome {
    // two links of length 1 and 0.8 whose end is at (1.2, 0.7): sines and cosines as unknowns
    let arm = |z: &[Var]| {
        let [c1, s1, c2, s2] = [z[0], z[1], z[2], z[3]];
        vec![
            c1 + 0.8 * (c1 * c2 - s1 * s2) - 1.2,
            s1 + 0.8 * (s1 * c2 + c1 * s2) - 0.7,
            c1 * c1 + s1 * s1 - 1.0,
            c2 * c2 + s2 * s2 - 1.0,
        ]
    };
    let (roots, complete, boxes) = count(arm, &[(-1.0, 1.0); 4])?;
    println!("arm {roots} {boxes}");
    assert!(roots == 2 && complete);
    // six unknowns: three independent pairs of circles and lines, coupled weakly, 8 roots
    let six = |z: &[Var]| {
        let mut g = Vec::new();
        for k in 0..3 {
            let (x, y, next) = (z[2 * k], z[2 * k + 1], z[(2 * k + 2) % 6]);
            g.push(x * x + y * y - 1.0 + 0.1 * next);
            g.push(y - x * x + 0.05 * next * next);
        }
        g
    };
    let (roots, complete, boxes) = count(six, &[(-2.0, 2.0); 6])?;
    println!("six {roots} {boxes}");
    assert!(complete && roots == 8, "{roots}");
    Ok(())
}

#[test]
fn what_cannot_be_decided_is_named() -> Outcome {
    let all = Model::equation(|z, _| [(z[0] - 0.3).powi(2) * (z[0] - 1.0)]).roots_within(&[(-2.0, 2.0)])?;
    assert_eq!(all.roots.len(), 1);
    assert!(!all.is_complete() && all.undecided.iter().all(|left| left.why == Why::Singular), "{all:?}");
    assert!(
        all.undecided.iter().any(|left| left.sides[0].contains(0.3))
            && all.undecided.iter().all(|left| left.sides[0].width() < 1e-4)
    );
    let all = Model::equation(|z, _| [z[0].sqrt()]).roots_within(&[(-1.0, 1.0)])?;
    assert!(all.roots.is_empty() && all.undecided.len() == 1 && all.undecided[0].why == Why::Undefined, "{all:?}");
    let periodic = Model::equation(|z, _| [z[0].sin() * 2.0 - 1.0, z[1].cos() * 3.0 + 1.0]);
    let all = periodic.roots_within(&[(-7.0, 7.0), (-7.0, 7.0)])?;
    assert!(all.roots.len() == 20 && all.is_complete(), "{}", all.roots.len());
    // poles are no roots, and hide none
    let all = Model::equation(|z, _| [z[0].tan() - 1.0]).roots_within(&[(-3.0, 3.0)])?;
    assert!(all.roots.len() == 2 && all.is_complete(), "{all:?}");
    let all = Model::equation(|z, _| [z[0].recip()]).roots_within(&[(-3.0, 3.0)])?;
    assert!(all.roots.is_empty() && all.is_complete(), "{all:?}");
    // a jump over 0
    let all = Model::equation(|z, _| [z[0].signum() + 0.5]).roots_within(&[(-1.0, 2.0)])?;
    assert!(all.roots.is_empty(), "{all:?}");
    let jump = |z: &[Var]| [select(z[0].lt(1.0), z[0] - 2.0, z[0])];
    let all = Model::equation(move |z, _| jump(z)).roots_within(&[(-5.0, 5.0)])?;
    assert!(all.roots.is_empty() && all.is_complete(), "{all:?}");
    // a logarithm that is not taken has no say
    let guarded = |z: &[Var]| [select(z[0].lt(0.5), z[0] + 1.0, (z[0] + 0.0).ln())];
    let all = Model::equation(move |z, _| guarded(z)).roots_within(&[(-5.0, 5.0)])?;
    assert!(all.roots.len() == 2 && all.is_complete(), "{all:?}");
    // a kink that is a root by itself is one
    let all = Model::equation(|z, _| [z[0].abs() + 2.0 * z[0] - 0.0]).roots_within(&[(-1.0, 2.0)])?;
    assert!(all.roots.len() == 1 && all.is_complete(), "{all:?}");
    // on the edge of the box
    let all = Model::equation(|z, _| [z[0] * z[0] - 4.0]).roots_within(&[(-2.0, 1.0)])?;
    assert!(all.roots.len() == 1 && (all.roots[0].z[0] + 2.0).abs() < 1e-15, "{all:?}");
    Ok(())
}

#[test]
fn limits_and_bad_boxes_are_refused_by_name() -> Outcome {
    let model = Model::equation(|z, _| [z[0].sin(), z[1].sin()]);
    let few = Limits { boxes: 64, ..Limits::default() };
    let programs = model.system(2)?.programs()?;
    let wide = [Interval::new(-1e3, 1e3); 2];
    let all = roots(&programs, &wide, &[], &few, &mut |_, _, _| true)?;
    assert!(!all.is_complete() && all.undecided.iter().any(|left| left.why == Why::Limit));
    let stopped = roots(&programs, &wide, &[], &Limits::default(), &mut |boxes, _, _| boxes < 200)?;
    assert!(!stopped.is_complete() && stopped.boxes < 400);
    for sides in [[(1.0, -1.0), (0.0, 1.0)], [(0.0, f64::INFINITY), (0.0, 1.0)], [(f64::NAN, 1.0), (0.0, 1.0)]] {
        assert!(matches!(model.roots_within(&sides), Err(Error::Option { .. })), "{sides:?}");
    }
    assert!(matches!(roots(&programs, &wide[..1], &[], &few, &mut |_, _, _| true), Err(Error::Shape { .. })));
    Ok(())
}

#[test]
fn the_tanh_cell_is_certified_in_closed_form() -> Outcome {
    // one unit: the folds as above
    for (start, distance) in [(-0.9, FOLD - 0.5), (0.9, FOLD + 0.5)] {
        let cell = Tanh::new(1, vec![2.0], Rows::from_vec(1, 1, vec![0.5])?)?;
        let options = Options { relative: 1e-13, ..Options::default() };
        let solution = solve(&cell, &Rows::from_vec(1, 1, vec![start])?, &Newton::default(), &options)?;
        let proof = cell.certificate(0, solution.z().row(0))?;
        let radius = proof.parameters[0].radius;
        assert!(proof.holds && radius < distance && radius > 0.25 * distance, "{proof:?}");
        // with W = 2 + w the folds are where tanh'(u) = 1 / W
        let folds = |w: f64| {
            let z = (1.0 - 1.0 / w).sqrt();
            w * z - z.atanh()
        };
        let edge = 2.0 - proof.parameters[1].radius;
        assert!(start > 0.0 || folds(edge) >= 0.5, "{proof:?}");
        assert!(proof.together.radius <= radius && proof.together.radius > 0.0);
    }
    // at the fold, and at no root
    let cell = Tanh::new(1, vec![2.0], Rows::from_vec(1, 1, vec![FOLD])?)?;
    assert!(!cell.certificate(0, &[-0.5f64.sqrt()])?.holds);
    assert!(!cell.certificate(0, &[0.3])?.holds);
    assert!(
        cell.certificate(1, &[0.3]).is_err()
            && cell.certificate(0, &[0.3, 0.1]).is_err()
            && cell.certificate(0, &[f64::NAN]).is_err()
    );
    Ok(())
}

/// A unit that nothing enters must not make the others unique: the second one has three fixed points.
#[test]
fn a_row_of_zeros_proves_nothing_about_the_others() -> Outcome {
    for x in [[0.3, 0.0], [0.0, 0.0]] {
        let cell = Tanh::new(2, vec![0.0, 0.0, 1.0, 3.0], Rows::from_vec(1, 2, x.to_vec())?)?;
        let options = Options { relative: 1e-13, ..Options::default() };
        let at = |start: f64| solve(&cell, &Rows::from_vec(1, 2, vec![0.0, start])?, &Newton::default(), &options);
        let (low, high) = (at(-1.0)?, at(1.0)?);
        let apart = (high.z().row(0)[1] - low.z().row(0)[1]).abs();
        let proof = cell.certificate(0, high.z().row(0))?;
        assert!(apart > 1.0 && proof.holds && proof.unique_within < apart, "{proof:?}");
    }
    Ok(())
}

#[test]
fn boxes_of_any_size_are_searched() -> Outcome {
    for size in [1e-3, 1.0, 1e30, 1e60] {
        let all = Model::equation(move |z: &[Var], _: &[Var]| [(z[0] / size).powi(3) - z[0] / size]);
        let all = all.roots_within(&[(-1e90, 1e90)])?;
        assert!(all.roots.len() == 3 && all.is_complete(), "{size}: {all:?}");
    }
    let all = Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[1e-300]).roots_within(&[(-1.0, 1.0)])?;
    assert!(all.roots.len() == 2 && all.is_complete(), "{all:?}");
    Ok(())
}

/// Within the regions of random cells fixed points move as the certificate says.
#[test]
fn regions_of_random_cells_hold() -> Outcome {
    let mut next = random(3);
    let options = Options { relative: 1e-13, ..Options::default() };
    let mut certified = 0;
    for round in 0..200 {
        let (n, gain) = ([1, 2, 5, 20][round % 4], 3.0 * next());
        let w: Vec<f64> = (0..n * n).map(|_| gain * (2.0 * next() - 1.0) / (n as f64).sqrt()).collect();
        let x: Vec<f64> = (0..n).map(|_| 2.0 * next() - 1.0).collect();
        let cell = Tanh::new(n, w.clone(), Rows::from_vec(1, n, x.clone())?)?;
        let solution = solve(&cell, &Rows::new(1, n), &Newton::default(), &options)?;
        if solution.outcomes()[0].status != dini::Status::Converged {
            continue;
        }
        let z = solution.z().row(0);
        let proof = cell.certificate(0, z)?;
        if !proof.holds {
            continue;
        }
        certified += 1;
        for (dx, dw) in [
            (proof.parameters[0].radius, 0.0),
            (0.0, proof.parameters[1].radius),
            (proof.together.radius, proof.together.radius),
        ] {
            let reach = if dw == 0.0 {
                &proof.parameters[0]
            } else if dx == 0.0 {
                &proof.parameters[1]
            } else {
                &proof.together
            }
            .reach[0];
            let mut push = |v: &f64, by: f64| v + by.min(10.0) * if next() < 0.5 { -1.0 } else { 1.0 };
            let moved: Vec<f64> = x.iter().map(|v| push(v, dx)).collect();
            let weights: Vec<f64> = w.iter().map(|v| push(v, dw)).collect();
            let other = Tanh::new(n, weights, Rows::from_vec(1, n, moved)?)?;
            let there = solve(&other, &Rows::from_vec(1, n, z.to_vec())?, &Newton::default(), &options)?;
            let off = there.z().row(0).iter().zip(z).fold(0.0, |max: f64, (a, b)| max.max((a - b).abs()));
            assert!(
                there.outcomes()[0].status == dini::Status::Converged && off <= reach * (1.0 + 1e-9),
                "{n} {off} {proof:?}"
            );
        }
    }
    assert!(certified > 100, "{certified}");
    Ok(())
}
