//! Templates of other tools, told as such before they are read as TOML, or when they are none.

use std::{path::Path, sync::LazyLock};

use regex::Regex;

use crate::template::diagnose::Mistake;

/// What Packer's templates end in.
const PACKER: [&str; 3] = [".pkr.hcl", ".pkr.json", ".json"];

const HINT: &str = "hornero's templates are TOML: `hornero init` writes one to start from, and \
                    docs/coming-from-packer.md has its word for each of Packer's";

pub fn packer(path: &Path) -> Option<Mistake> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let foreign = path.is_file() && PACKER.iter().any(|end| name.ends_with(end));
    foreign.then(|| Mistake::about(path, "this is a template of Packer").hint(HINT))
}

/// What a text is that is no TOML: told once, not line by line.
pub fn by_content(path: &Path, text: &str) -> Option<Mistake> {
    static HCL_BLOCK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?m)^\s*(packer|source|build|variable|locals|data|provisioner|resource)\b[^=\n]*\{\s*$"#,
        )
        .expect("the pattern is constant")
    });
    static YAML_LINE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*(- .*|-|---|[\w.-]+:( .*)?)$").expect("the pattern is constant"));
    let lines = || text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let yaml = lines().filter(|line| YAML_LINE.is_match(line)).count();
    let language = if text.trim_start().starts_with('{') {
        "JSON"
    } else if HCL_BLOCK.is_match(text) {
        "HCL, the language of Packer and Terraform"
    } else if text.starts_with("#cloud-config") || (yaml > 1 && yaml * 2 > lines().count()) {
        "YAML"
    } else {
        return None;
    };
    Some(Mistake::about(path, format!("this is {language}, not TOML")).hint(HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_are_known_by_what_is_written_in_them() {
        let told = |text| by_content(Path::new("t.toml"), text).map(|mistake| mistake.message);
        assert!(told("{\"builders\": []}").is_some_and(|told| told.contains("JSON")));
        assert!(
            told("source \"amazon-ebs\" \"x\" {\n  ami_name = \"x\"\n}\n")
                .is_some_and(|told| told.contains("HCL"))
        );
        assert!(
            told("image:\n  name: web\nbase:\n  os: debian-12\n").is_some_and(|told| told.contains("YAML"))
        );
        assert!(told("#cloud-config\npackages: [x]\n").is_some_and(|told| told.contains("YAML")));
        assert_eq!(told("[image]\nname = web\n"), None);
        assert_eq!(told("[image]\nname: \"web\"\n[base]\nos = \"x\"\n"), None);
    }
}
