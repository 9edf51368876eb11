//! Icons, drawn from the sprite in `public/icons.svg`: they cost no WASM.

use leptos::prelude::*;

/// An icon beside words. It says nothing to a screen reader; the words do.
#[component]
pub fn Icon(
    /// Id of a symbol in `public/icons.svg`.
    #[prop(into)]
    name: Signal<&'static str>,
    /// Further classes: `large`, `turning`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("icon {class}") aria-hidden="true" focusable="false">
            <use href=move || format!("/icons.svg#{}", name.get())></use>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("the source folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(&path).expect("a source file is text"));
            }
        }
    }

    /// An `icon="…"` or `<Icon name="…"` that the sprite lacks would be an empty hole on the screen.
    #[test]
    fn every_icon_that_is_used_is_in_the_sprite() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sprite = fs::read_to_string(root.join("../public/icons.svg")).expect("the sprite is there");
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        let mut used = BTreeSet::new();
        for text in &files {
            for opening in ["<Icon name=\"", " icon=\"", "icon: \""] {
                used.extend(text.split(opening).skip(1).filter_map(|rest| rest.split('"').next()));
            }
        }
        let missing: Vec<_> = used
            .into_iter()
            .filter(|name| {
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            })
            .filter(|name| !name.is_empty() && !sprite.contains(&format!("id=\"{name}\"")))
            .collect();
        assert!(missing.is_empty(), "not in public/icons.svg: {missing:?}");
    }
}
