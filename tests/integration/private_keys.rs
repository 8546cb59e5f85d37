//! A private key where a public one, a path or anything else belongs is never shown.

use crate::rig::hornero::Hornero;

const BODY: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
const MORE: &str = "QyNTUxOQAAACDvL8vDzq3bBdw8bC0nQ2VKYmVhcmVyc2VjcmV0cw";

/// Templates with a key in a place where it does not belong; `KEY` is in one line, `LINES` in several.
const PLACES: [&str; 9] = [
    "[[users]]\nname = 'u'\nssh_keys = [\"KEY\"]\n",
    "[[users]]\nname = 'u'\nssh_keys = ['''\nLINES\n''']\n",
    "[[users]]\nname = 'u'\nssh_keys = \"KEY\"\n",
    "[[users]]\nname = 'u'\nssh_keys = ['id']\n",
    "[ssh]\nprivate_key = \"KEY\"\n",
    "[ssh]\nhost_key = '''LINES'''\n",
    "[image]\nname = 'x'\ndescription = \"KEY\"\n",
    "[[steps]]\nrun = '''\ncat >k <<E\nLINES\nE\n{{ undefined_here }}\n'''\nenv = { A = \"KEY {{ nothing }}\" }\nnokey = \"KEY\"\n",
    "[variables]\nv = { default = \"KEY\", allowed = ['x'] }\n[packages]\ninstall = [\"KEY\"]\n",
];

#[test]
fn a_private_key_is_in_no_output() {
    let hornero = Hornero::new();
    let lines =
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n{MORE}\n-----END OPENSSH PRIVATE KEY-----");
    std::fs::write(hornero.folder.path().join("id"), &lines).unwrap();
    for place in PLACES {
        let text = place.replace("KEY", &lines.replace('\n', "\\n")).replace("LINES", &lines);
        let image = if place.starts_with("[image]") { "" } else { "[image]\nname = 'x'\n" };
        let template = hornero.template("t.toml", &format!("{image}[base]\nos = 'debian-12'\n{text}"));
        for output in ["lines", "json"] {
            let ran = hornero.run(&["validate", &template, "--output", output]);
            assert_eq!(ran.code, 3, "{place}: {}", ran.stderr);
            let all = ran.stdout + &ran.stderr;
            for piece in [&BODY[20..40], &MORE[..20], &MORE[20..40]] {
                assert!(!all.contains(piece), "{place} as {output}: {all}");
            }
            assert!(all.contains("t.toml"), "{all}");
        }
    }
    let told = hornero.run(&[
        "validate",
        &hornero.template("t.toml", &format!("[image]\nname='x'\n[base]\nos='debian-12'\n{}", PLACES[3])),
    ]);
    assert!(told.stderr.contains("PRIVATE key") && told.stderr.contains("id.pub"), "{}", told.stderr);
}
