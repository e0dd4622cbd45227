//! Column colouring of a sparse matrix.

/// A colour for every column, such that no two columns of one colour share a row; and the columns colour by colour.
pub(super) struct Colouring {
    /// colour c: columns\[starts\[c\]..starts\[c + 1\]\]
    starts: Vec<usize>,
    columns: Vec<usize>,
}

impl Colouring {
    /// Greedy colouring in the natural order, which is best for bands, and largest first where that may save colours; the
    /// fewer colours win. No colouring has fewer colours than a row has entries.
    pub fn new(columns: Compressed<'_>, rows: Compressed<'_>) -> Self {
        let n = columns.len();
        let least = (0..n).map(|i| rows.of(i).len()).max().unwrap_or(0).max(1);
        let natural: Vec<usize> = (0..n).collect();
        let best = greedy(columns, rows, &natural);
        if best.iter().all(|&c| c < least) {
            return Self::group(&best);
        }
        let mut largest_first = natural;
        let neighbours = |j: usize| columns.of(j).iter().map(|&i| rows.of(i).len()).sum::<usize>();
        // stable, so that the order is the same everywhere
        largest_first.sort_by_cached_key(|&j| std::cmp::Reverse(neighbours(j)));
        let other = greedy(columns, rows, &largest_first);
        let fewer = other.iter().max() < best.iter().max();
        Self::group(if fewer { &other } else { &best })
    }

    fn group(colour: &[usize]) -> Self {
        let colours = colour.iter().max().map_or(0, |c| c + 1);
        let (starts, columns) = group(colours, colour.iter().copied().enumerate());
        Colouring { starts, columns }
    }

    /// Number of colours.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The columns of one colour, ascending.
    pub fn columns(&self, colour: usize) -> &[usize] {
        &self.columns[self.starts[colour]..self.starts[colour + 1]]
    }
}

/// Lists of indices, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Compressed<'a> {
    pub starts: &'a [usize],
    pub indices: &'a [usize],
}

impl<'a> Compressed<'a> {
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn of(&self, i: usize) -> &'a [usize] {
        &self.indices[self.starts[i]..self.starts[i + 1]]
    }
}

/// Sorts pairs (index, group) by group, keeping their order within a group; returns where each group starts.
pub(super) fn group(groups: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; groups + 1];
    pairs.clone().for_each(|(_, group)| starts[group + 1] += 1);
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut indices = vec![0; starts[groups]];
    for (index, group) in pairs {
        indices[next[group]] = index;
        next[group] += 1;
    }
    (starts, indices)
}

/// Every column in turn takes the least colour that no column sharing a row with it has.
fn greedy(columns: Compressed<'_>, rows: Compressed<'_>, order: &[usize]) -> Vec<usize> {
    let n = columns.len();
    let mut colour = vec![usize::MAX; n];
    // the last column to which a colour was forbidden
    let mut forbidden = vec![usize::MAX; n];
    for &j in order {
        let neighbours = columns.of(j).iter().flat_map(|&i| rows.of(i));
        for &taken in neighbours.map(|&k| &colour[k]).filter(|&&c| c != usize::MAX) {
            forbidden[taken] = j;
        }
        colour[j] = (0..n).find(|&c| forbidden[c] != j).unwrap_or(j);
    }
    colour
}
