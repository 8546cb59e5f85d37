//! Entities of HTML and XML. Programs differ in what they escape, and in how they name it.

use super::with_escapes;

/// How the two quotes are written.
const QUOTES: [(&str, &str); 7] = [
    ("\"", "'"),
    ("&quot;", "'"),
    ("&quot;", "&#39;"),
    ("&quot;", "&#x27;"),
    ("&quot;", "&#039;"),
    ("&quot;", "&apos;"),
    ("&#34;", "&#39;"),
];

/// How what is not ASCII is written.
const BEYOND: [fn(char) -> Option<String>; 4] = [|_| None, decimal, hexadecimal, named];

pub fn entities(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (double, single) in QUOTES {
        for beyond in BEYOND {
            for slash in ["/", "&#x2F;", "&#47;"] {
                let one = |c: char| match c {
                    '&' => Some("&amp;".into()),
                    '<' => Some("&lt;".into()),
                    '>' => Some("&gt;".into()),
                    '"' => Some(double.into()),
                    '\'' => Some(single.into()),
                    '/' => Some(slash.into()),
                    c if c.is_ascii() => None,
                    c => beyond(c),
                };
                forms.push(with_escapes(text, one));
            }
        }
    }
    // `>` stays where a program escapes only what XML needs; and some write every character as a number.
    forms.push(text.replace('&', "&amp;").replace('<', "&lt;"));
    forms.extend([decimal, hexadecimal].map(|each| with_escapes(text, each)));
    forms
}

fn decimal(c: char) -> Option<String> {
    Some(format!("&#{};", u32::from(c)))
}

fn hexadecimal(c: char) -> Option<String> {
    Some(format!("&#x{:x};", u32::from(c)))
}

/// `&eacute;`; what has no such name becomes a number.
fn named(c: char) -> Option<String> {
    let name = usize::try_from(u32::from(c).checked_sub(0xa0)?).ok().and_then(|number| LATIN.get(number));
    name.map_or_else(|| decimal(c), |name| Some(format!("&{name};")))
}

/// The names of U+00A0 to U+00FF.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];
