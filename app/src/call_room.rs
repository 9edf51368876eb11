//! A call's room on LiveKit, as the browser joins it: what `public/call-room.js` does, in types.

use domain::call_sound::RoomKey;
use js_sys::{Function, Object, Promise, Reflect};
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::MediaStream;

/// Fetched with the first room.
const MODULE: &str = "/call-room.js";
/// The page's own `import()`, which WASM has none of. The document's first script defines it.
pub(crate) const IMPORT: &str = "ringsideImport";

#[wasm_bindgen]
extern "C" {
    type Module;
    #[wasm_bindgen(method, catch)]
    fn listen(this: &Module, key: &Object, told: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn speak(this: &Module, key: &Object, stream: &MediaStream, told: &JsValue) -> Result<Promise, JsValue>;

    type Joined;
    #[wasm_bindgen(method)]
    fn leave(this: &Joined);
    #[wasm_bindgen(method)]
    fn play(this: &Joined);
    #[wasm_bindgen(method, js_name = toEverybody)]
    fn to_everybody(this: &Joined);
}

/// What a room tells by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomSays {
    Playing,
    /// The browser plays nothing before somebody presses something.
    Blocked,
    Ended,
}

type Told = Closure<dyn FnMut(String)>;

fn told(on: impl Fn(RoomSays) + Copy + 'static) -> Told {
    Closure::new(move |word: String| {
        let says = match word.as_str() {
            "playing" => RoomSays::Playing,
            "blocked" => RoomSays::Blocked,
            _ => RoomSays::Ended,
        };
        // Whoever hears it may drop this very closure.
        spawn_local(async move { on(says) });
    })
}

/// A seat in a room. Dropping it leaves.
struct Seat {
    joined: Joined,
    _told: Told,
}

impl Seat {
    /// Waits until it is taken; `told` lasts as long as it does.
    async fn take(joining: Promise, told: Told) -> Result<Self, JsValue> {
        let joined = JsFuture::from(joining).await?.unchecked_into();
        Ok(Self { joined, _told: told })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.joined.leave();
    }
}

/// Hears a room. Dropping it leaves.
pub(crate) struct Ear(Seat);

impl Ear {
    /// # Errors
    /// Whatever the browser says; there is nothing in it for people.
    pub(crate) async fn join(key: &RoomKey, on: impl Fn(RoomSays) + Copy + 'static) -> Result<Self, JsValue> {
        let told = told(on);
        let joining = module().await?.listen(&object(key)?, told.as_ref())?;
        Seat::take(joining, told).await.map(Self)
    }

    /// Turns the sound on; to be called from a click.
    pub(crate) fn play(&self) {
        self.0.joined.play();
    }
}

/// Speaks in a room. Dropping it leaves.
pub(crate) struct Mouth(Seat);

impl Mouth {
    /// The agent alone hears it.
    ///
    /// # Errors
    /// As for [`Ear::join`].
    pub(crate) async fn join(
        key: &RoomKey,
        stream: &MediaStream,
        on: impl Fn(RoomSays) + Copy + 'static,
    ) -> Result<Self, JsValue> {
        let told = told(on);
        let joining = module().await?.speak(&object(key)?, stream, told.as_ref())?;
        Seat::take(joining, told).await.map(Self)
    }

    /// From now on whoever the agent's side lets hear it hears it.
    pub(crate) fn to_everybody(&self) {
        self.0.joined.to_everybody();
    }
}

async fn module() -> Result<Module, JsValue> {
    let import: Function = Reflect::get(&window(), &IMPORT.into())?.dyn_into()?;
    let importing: Promise = import.call1(&JsValue::UNDEFINED, &MODULE.into())?.dyn_into()?;
    Ok(JsFuture::from(importing).await?.unchecked_into())
}

fn object(key: &RoomKey) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in [
        ("url", &key.url),
        ("token", &key.token),
        ("you", &key.you),
        ("agent", &key.agent),
    ] {
        Reflect::set(&object, &name.into(), &value.into())?;
    }
    Ok(object)
}
