//! The pages for users say what there is: every key that a template may have is in its page.

use std::{fs, path::Path};

use syn::{Fields, Item};

/// Whether the page has this word in backquotes or in an example.
pub fn quoted(page: &str, word: &str) -> bool {
    let fenced = page.split("```").skip(1).step_by(2);
    let inline = page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    let mut code = fenced.chain(inline);
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.any(|code| code.split(|c| !letter(c)).any(|found| found == word))
}

/// One key of a table, as the struct that reads the table declares it.
pub struct Key {
    pub table: String,
    pub name: String,
    pub value: syn::Type,
}

/// The keys of all tables.
pub fn keys() -> Vec<Key> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/template/raw");
    let mut keys = Vec::new();
    for file in ["accounts", "machine", "mod", "platforms", "work"] {
        let source = fs::read_to_string(folder.join(file).with_extension("rs")).unwrap();
        for item in syn::parse_file(&source).unwrap().items {
            let Item::Struct(table) = item else { continue };
            let read = table.attrs.iter().any(|attribute| {
                attribute.path().is_ident("derive") && attribute.parse_args_with(derives_deserialize).unwrap()
            });
            let Fields::Named(fields) = &table.fields else { continue };
            for field in fields.named.iter().filter(|_| read) {
                let (name, value) = (key(field), field.ty.clone());
                keys.push(Key { table: table.ident.to_string(), name, value });
            }
        }
    }
    keys
}

fn derives_deserialize(input: syn::parse::ParseStream<'_>) -> syn::Result<bool> {
    let names = input.parse_terminated(syn::Path::parse_mod_style, syn::Token![,])?;
    Ok(names.iter().any(|name| name.is_ident("Deserialize")))
}

fn key(field: &syn::Field) -> String {
    let mut name = field.ident.as_ref().unwrap().to_string();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute
            .parse_nested_meta(|meta| {
                name = meta.value()?.parse::<syn::LitStr>()?.value();
                Ok(())
            })
            .unwrap();
    }
    name
}

#[test]
fn the_page_of_the_template_names_every_key() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/template.md")).unwrap();
    let keys = keys();
    assert!(keys.len() > 100, "the structs were read: {}", keys.len());
    let lacking: Vec<_> = keys
        .iter()
        .filter(|key| !quoted(&page, &key.name))
        .map(|key| format!("{} of {}", key.name, key.table))
        .collect();
    assert!(lacking.is_empty(), "docs/template.md lacks {lacking:?}");
    assert!(!quoted(&page, "no_such_key"));
}
