//! The header of a .npy file: a dictionary in the notation of Python, with exactly three keys.

/// Names in it have at most so many characters.
const MOST_NAME: usize = 200;
/// Dimensions of an array at most, as in NumPy.
const MOST_DIMENSIONS: usize = 64;

/// What the dictionary says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// Type of the numbers.
    pub descr: String,
    /// Whether the first index changes fastest.
    pub columns_first: bool,
    pub shape: Vec<u64>,
}

impl Header {
    /// The error continues "its header".
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|e| format!("is not text at byte {}", e.valid_up_to() + 1))?;
        let mut text = Text { rest: text };
        let (mut descr, mut order, mut shape) = (None, None, None);
        text.expect('{')?;
        while !text.eat('}') {
            let key = text.name()?;
            text.expect(':')?;
            let repeated = match key {
                "descr" => descr.replace(text.kind()?).is_some(),
                "fortran_order" => order.replace(text.truth()?).is_some(),
                "shape" => shape.replace(text.sizes()?).is_some(),
                _ => return Err(format!("has an unknown key `{key}`")),
            };
            if repeated {
                return Err(format!("has the key `{key}` twice"));
            }
            if !text.eat(',') {
                text.expect('}')?;
                break;
            }
        }
        if !text.rest.trim().is_empty() {
            return Err("goes on after its end".to_owned());
        }
        let missing = |key: &str| format!("lacks the key `{key}`");
        Ok(Header {
            descr: descr.ok_or_else(|| missing("descr"))?,
            columns_first: order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// What is left to read.
struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    /// Whether `c` comes next; if so it is passed.
    fn eat(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) {
            return Ok(());
        }
        Err(match self.rest.chars().next() {
            Some(found) => format!("has `{found}` where `{c}` is expected"),
            None => format!("ends where `{c}` is expected"),
        })
    }

    /// The next word of letters or of digits.
    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A string in either kind of quotes.
    fn name(&mut self) -> Result<&'a str, String> {
        let quote = if self.eat('"') { '"' } else { '\'' };
        if quote == '\'' {
            self.expect('\'')?;
        }
        let (name, rest) = self.rest.split_once(quote).ok_or("has a name without an end")?;
        if name.len() > MOST_NAME {
            return Err(format!("has a name of {} bytes", name.len()));
        }
        self.rest = rest;
        Ok(name)
    }

    /// The type of the numbers; that of records is a list, which nobody needs to take apart here.
    fn kind(&mut self) -> Result<String, String> {
        if self.eat('[') { Err("describes records, not numbers".to_owned()) } else { self.name().map(str::to_owned) }
    }

    fn truth(&mut self) -> Result<bool, String> {
        match self.word() {
            "True" => Ok(true),
            "False" => Ok(false),
            _ => Err("has neither True nor False as `fortran_order`".to_owned()),
        }
    }

    /// `(2, 3)`, `(2,)` or `()`.
    fn sizes(&mut self) -> Result<Vec<u64>, String> {
        let mut sizes = Vec::new();
        self.expect('(')?;
        while !self.eat(')') {
            if sizes.len() == MOST_DIMENSIONS {
                return Err(format!("has more than {MOST_DIMENSIONS} dimensions"));
            }
            // NumPy 1 of Python 2 wrote 3L
            let word = self.word();
            let size = word.strip_suffix('L').unwrap_or(word).parse();
            sizes.push(size.map_err(|_| "has a dimension that is no whole number below 2^64".to_owned())?);
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(sizes)
    }
}

/// A number in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    SingleLittle,
    SingleBig,
    DoubleLittle,
    DoubleBig,
}

impl Number {
    pub fn of(descr: &str) -> Option<Self> {
        match descr {
            "<f4" => Some(Number::SingleLittle),
            ">f4" => Some(Number::SingleBig),
            "<f8" => Some(Number::DoubleLittle),
            ">f8" => Some(Number::DoubleBig),
            _ => None,
        }
    }

    /// Its bytes.
    pub fn size(self) -> usize {
        match self {
            Number::SingleLittle | Number::SingleBig => 4,
            Number::DoubleLittle | Number::DoubleBig => 8,
        }
    }

    /// The number in `bytes`; NaN where they are not as many as it has.
    pub fn value(self, bytes: &[u8]) -> f64 {
        let value = match self {
            Number::SingleLittle => bytes.try_into().map(f32::from_le_bytes).map(f64::from),
            Number::SingleBig => bytes.try_into().map(f32::from_be_bytes).map(f64::from),
            Number::DoubleLittle => bytes.try_into().map(f64::from_le_bytes),
            Number::DoubleBig => bytes.try_into().map(f64::from_be_bytes),
        };
        value.unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header, String> {
        Header::parse(text.as_bytes())
    }

    #[test]
    fn every_way_to_write_it_is_read() {
        let expected = |shape: &[u64]| Header { descr: "<f8".into(), columns_first: false, shape: shape.to_vec() };
        for (text, shape) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }        \n", &[2, 3][..]),
            ("{\"shape\":(2,),\"descr\":\"<f8\",\"fortran_order\":False}", &[2]),
            ("  {'shape' : ( ) , 'fortran_order':False,'descr':'<f8'}", &[]),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 18446744073709551615)}", &[3, u64::MAX]),
        ] {
            assert_eq!(parse(text), Ok(expected(shape)), "{text}");
        }
    }

    #[test]
    fn whatever_is_wrong_is_named() {
        let deep = "(".repeat(60_000);
        let many = "1,".repeat(65);
        for (text, expected) in [
            ("", "ends where `{` is expected"),
            ("[1]", "`[` where `{`"),
            (&deep, "`(` where `{`"),
            (&format!("{{'shape': {deep}"), "no whole number"),
            ("{}", "lacks the key `descr`"),
            ("{'descr': '<f8', 'shape': (1, 1)}", "lacks the key `fortran_order`"),
            ("{'descr': '<f8', 'fortran_order': True}", "lacks the key `shape`"),
            ("{'descr': '<f8', 'descr': '<f8'}", "`descr` twice"),
            ("{'size': 3}", "unknown key `size`"),
            ("{'descr': [('a', '<f8')]}", "records"),
            ("{'descr': '<f8}", "name without an end"),
            (&format!("{{'descr': '{}'}}", "x".repeat(300)), "name of 300 bytes"),
            ("{'descr' '<f8'}", "`'` where `:`"),
            ("{'fortran_order': 0}", "neither True nor False"),
            ("{'shape': (-1, 2)}", "no whole number"),
            ("{'shape': (1.5, 2)}", "`.` where `)`"),
            ("{'shape': (18446744073709551616, 2)}", "no whole number"),
            ("{'shape': (1 2)}", "`2` where `)`"),
            (&format!("{{'shape': ({many})}}"), "more than 64"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)} x", "goes on after its end"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(expected), "{expected}: {why}");
        }
        assert!(Header::parse(b"{'descr\xff").unwrap_err().contains("not text at byte 8"));
    }
}
