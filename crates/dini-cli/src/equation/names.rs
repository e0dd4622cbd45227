//! Names with a meaning of their own, and guesses at misspelt ones.

/// Value of a symbol that stands for a number unless the user says otherwise.
pub(super) fn named_constant(name: &str) -> Option<f64> {
    match name {
        "pi" | "π" => Some(std::f64::consts::PI),
        "e" => Some(std::f64::consts::E),
        _ => None,
    }
}

/// Names longer than this are not compared.
const LONGEST: usize = 64;

/// The candidate that `name` most likely was meant to be, if any is close.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let typed = name.to_lowercase();
    let tolerated = (name.chars().count() / 3).max(1);
    let comparable = |text: &str| text.len() <= LONGEST;
    candidates
        .into_iter()
        .filter(|candidate| comparable(&typed) && comparable(candidate))
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&typed, &candidate.to_lowercase());
            (distance, candidate)
        })
        // One edit turns any one-letter name into any other: that is no guess.
        .filter(|&(distance, candidate)| {
            distance <= tolerated && distance < candidate.chars().count().max(typed.chars().count())
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or nothing where no candidate is close.
pub(super) fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
