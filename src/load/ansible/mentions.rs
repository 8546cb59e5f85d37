//! Files that a playbook mentions by their path: `src: ../conf/site.conf`, `lookup('file', 'motd.txt')`.

use std::path::{Path, PathBuf};

/// Words before a name by which a file or folder is meant, although the name alone does not look like one.
const FILE_WORDS: [&str; 5] = ["file", "include_vars", "src", "template", "vars_files"];
/// Expressions that stand for the folder of the playbook.
const FOLDER_WORDS: [&str; 2] = ["inventory_dir", "playbook_dir"];

/// What words in YAML are made of: names of roles and modules, and paths.
fn is_of_a_word(char: char) -> bool {
    char.is_alphanumeric() || "._/~+@%-".contains(char)
}

/// Every word in `text`: also the name of a role or of a collection's module.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !is_of_a_word(char)).filter(|word| !word.is_empty())
}

/// Every path in `text` at which something may lie, below each of `folders`. Where a path goes on with an
/// expression it is the folder before it.
pub fn mentioned(text: &str, folders: &[&Path]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut before = "";
        for word in words(line) {
            let path = match FOLDER_WORDS.contains(&before) {
                true => word.trim_start_matches('/'),
                false => word,
            };
            let meant = path.contains('/') || path.contains('.') || FILE_WORDS.contains(&before);
            let is_folder_word = FOLDER_WORDS.contains(&word);
            if meant
                && !is_folder_word
                && !path.starts_with('/')
                && !path.starts_with('~')
                && !path.is_empty()
            {
                found.extend(folders.iter().map(|folder| folder.join(path)));
            }
            before = word;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        let found = mentioned(text, &[Path::new("t")]);
        found.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn paths_are_found_however_they_are_written() {
        assert_eq!(of("    src: conf/site.conf"), ["t/conf/site.conf"]);
        assert_eq!(of("copy: src=conf dest=/etc/conf"), ["t/conf"]);
        assert_eq!(of("content: \"{{ lookup('file', 'motd') }}\""), ["t/motd"]);
        assert_eq!(of("include_vars: vars/{{ env }}.yml"), ["t/vars/", "t/.yml"]);
        assert_eq!(of("src: '{{ playbook_dir }}/../shared/a.j2'"), ["t/../shared/a.j2"]);
    }

    #[test]
    fn words_and_places_on_the_builder_are_no_files_of_this_computer() {
        assert!(of("service: name=nginx state=started").is_empty());
        assert!(of("dest: /etc/nginx/nginx.conf").is_empty());
    }
}
