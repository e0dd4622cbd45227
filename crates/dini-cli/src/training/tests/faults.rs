//! Whatever operation of the disk fails or is the last one: continued, the run ends as if nothing had happened.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Files, Place, differing};
use crate::files::fault::{self, Fault};
use crate::training::folder::{CHECKPOINT, CONFIG, METRICS, MODEL, REPORT};

/// The files of an undisturbed run, and how many operations it made.
fn undisturbed(place: &Place, more: &[&str]) -> (Files, usize) {
    let (outcome, operations) = fault::with(None, || place.train("whole", more));
    outcome.unwrap();
    let files = place.files("whole");
    assert_eq!(files.keys().collect::<Vec<_>>(), [CHECKPOINT, CONFIG, METRICS, MODEL, REPORT]);
    std::fs::remove_dir_all(place.path("whole")).unwrap();
    (files, operations)
}

/// Continues a run that was disturbed, or starts it again where it had no checkpoint yet.
fn mend(place: &Place, out: &str, what: &str) {
    if place.path(out).join(CHECKPOINT).exists() {
        place.resume(out).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
    } else {
        assert_eq!(place.resume(out).unwrap_err().code, 2, "{what}");
        place.train(out, &[]).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
    }
}

/// Continues a disturbed run, compares its files with those of an undisturbed one, and removes it.
fn ends_alike(place: &Place, files: &Files, what: &str) {
    mend(place, "run", what);
    assert_eq!(differing(&place.files("run"), files), [""; 0], "{what}");
    std::fs::remove_dir_all(place.path("run")).unwrap();
}

#[test]
fn every_operation_of_a_run_may_fail_or_be_the_last() {
    let place = Place::new();
    let (files, operations) = undisturbed(&place, &[]);
    assert!(operations > 80, "{operations}");
    for fault in [Fault::Fail, Fault::Crash] {
        for at in 0..operations {
            let what = format!("{fault:?} at {at}");
            let (outcome, _) = fault::with(Some((at, fault)), || place.train("run", &[]));
            // the removal of the lock, which is the last one, is not missed
            assert!(outcome.is_err() || at == operations - 1, "{what}");
            assert!(outcome.err().is_none_or(|failure| [1, 2].contains(&failure.code) && !failure.message.is_empty()));
            ends_alike(&place, &files, &what);
        }
    }
}

#[test]
fn a_continued_run_may_be_disturbed_again() {
    let place = Place::new();
    let (files, operations) = undisturbed(&place, &[]);
    let mut rng = StdRng::seed_from_u64(12);
    for _ in 0..40 {
        let disturbances =
            [rng.random_range(0..operations), rng.random_range(0..operations / 2), rng.random_range(0..20)];
        let (_, _) = fault::with(Some((disturbances[0], Fault::Crash)), || place.train("run", &[]));
        for at in &disturbances[1..] {
            let (_, _) = fault::with(Some((*at, Fault::Crash)), || place.resume("run"));
        }
        let what = format!("{disturbances:?}");
        ends_alike(&place, &files, &what);
    }
}

#[test]
fn a_run_that_replaces_another_does_so_at_its_first_checkpoint() {
    let place = Place::new();
    let (old, _) = undisturbed(&place, &["--seed=7"]);
    let (new, operations) = undisturbed(&place, &[]);
    assert!(old[MODEL] != new[MODEL]);
    let mut kept = 0;
    for at in 0..operations {
        place.train("run", &["--seed=7"]).unwrap();
        let (outcome, _) = fault::with(Some((at, Fault::Crash)), || place.train("run", &["--force"]));
        assert!(outcome.is_err() || at == operations - 1);
        // whose checkpoint it is says whose run it is
        let expected = if place.files("run")[CHECKPOINT] == old[CHECKPOINT] { &old } else { &new };
        if std::ptr::eq(expected, &old) {
            kept += 1;
            let files = place.files("run");
            assert!(old.iter().all(|(name, bytes)| files[name] == *bytes), "at {at}");
        }
        place.resume("run").unwrap();
        assert_eq!(differing(&place.files("run"), expected), [""; 0], "at {at}");
        std::fs::remove_dir_all(place.path("run")).unwrap();
    }
    // the lock, its content, and a file until it has its name
    assert!((4..8).contains(&kept), "{kept}");
}

#[test]
fn what_is_missing_or_older_is_made_again() {
    let place = Place::new();
    let (files, _) = undisturbed(&place, &[]);
    place.train("run", &[]).unwrap();
    for name in [CONFIG, METRICS, MODEL, REPORT] {
        let path = place.path("run").join(name);
        std::fs::remove_file(&path).unwrap();
        place.resume("run").unwrap();
        assert_eq!(differing(&place.files("run"), &files), [""; 0], "{name}");
        std::fs::write(&path, "stale").unwrap();
        place.resume("run").unwrap();
        assert_eq!(differing(&place.files("run"), &files), [""; 0], "{name}");
        #[cfg(unix)]
        {
            let victim = place.path("victim");
            std::fs::write(&victim, "text").unwrap();
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("../victim", &path).unwrap();
            place.resume("run").unwrap();
            assert_eq!(differing(&place.files("run"), &files), [""; 0], "{name}");
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "text", "{name}");
        }
    }
}
