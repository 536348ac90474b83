//! A page of `docs`: its code blocks and the commands in them, so that a test does what the page says.
//! Runs nothing.

use std::path::Path;

/// A code block, without its fences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `yaml`, or empty.
    pub language: String,
    pub text: String,
}

/// The repository's root: where the commands of the pages are run.
#[must_use]
pub fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The code blocks of `docs/<name>`, in their order.
#[track_caller]
#[must_use]
pub fn blocks(name: &str) -> Vec<Block> {
    let path = repository().join("docs").join(name);
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parts: Vec<&str> = page.split("```").collect();
    let inside = parts.chunks(2).filter_map(|pair| pair.get(1));
    let block = |part: &str| {
        let (language, text) = part.split_once('\n').unwrap_or((part, ""));
        Block { language: language.trim().to_owned(), text: text.to_owned() }
    };
    inside.map(|part| block(part)).collect()
}

/// The YAML block of a page that begins with this line.
#[track_caller]
#[must_use]
pub fn yaml(name: &str, first: &str) -> String {
    let found = blocks(name).into_iter().find(|block| block.language == "yaml" && block.text.starts_with(first));
    found.unwrap_or_else(|| panic!("docs/{name} has no YAML that begins with `{first}`")).text
}

/// The commands of a block: those that go on behind a `\` are joined to a line, and a text that is put in (`<<EOF`) is part of its command.
#[must_use]
pub fn commands(block: &Block) -> Vec<String> {
    let text = block.text.replace("\\\n", " ");
    let mut commands: Vec<String> = Vec::new();
    let mut is_put_in = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match commands.last_mut().filter(|_| is_put_in) {
            Some(command) => command.push_str(&format!("\n{line}")),
            None => commands.push(line.trim().to_owned()),
        }
        is_put_in = (is_put_in || line.ends_with("<<EOF")) && line != "EOF";
    }
    commands
}
