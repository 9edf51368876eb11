use leptos::{html, prelude::*};

/// Two-way tie between an `<input>` and a signal that never throws away what was typed before WebAssembly arrived: at
/// first the control's text wins, afterwards the signal's.
pub fn keep_typed(node: NodeRef<html::Input>, value: RwSignal<String>) {
    Effect::new(move |met: Option<bool>| {
        let wanted = value.get();
        let Some(control) = node.get() else { return false };
        if met == Some(true) {
            if control.value() != wanted {
                control.set_value(&wanted);
            }
        } else if control.value() != wanted {
            value.set(control.value());
        }
        true
    });
}

/// As [`keep_typed`], for `<textarea>`.
pub fn keep_typed_area(node: NodeRef<html::Textarea>, value: RwSignal<String>) {
    Effect::new(move |met: Option<bool>| {
        let wanted = value.get();
        let Some(control) = node.get() else { return false };
        if met == Some(true) {
            if control.value() != wanted {
                control.set_value(&wanted);
            }
        } else if control.value() != wanted {
            value.set(control.value());
        }
        true
    });
}

/// As [`keep_typed`], for `<select>`.
pub fn keep_typed_select(node: NodeRef<html::Select>, value: RwSignal<String>) {
    Effect::new(move |met: Option<bool>| {
        let wanted = value.get();
        let Some(control) = node.get() else { return false };
        if met == Some(true) {
            if control.value() != wanted {
                control.set_value(&wanted);
            }
        } else if control.value() != wanted {
            value.set(control.value());
        }
        true
    });
}
