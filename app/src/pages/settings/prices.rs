//! What things cost, for whoever may change it.

use crate::{
    api::prices::SetPrices,
    components::{
        Notice, Toasts, Tone,
        form::{ErrorSummary, SubmitButton, TextField, action_error},
    },
};
use domain::views::{PricesForm, PricesView};
use leptos::prelude::*;

#[component]
pub(super) fn Prices(prices: PricesView) -> impl IntoView {
    let action = ServerAction::<SetPrices>::new();
    let error = action_error(action);
    let toasts = Toasts::of_app();
    let set = RwSignal::new(prices.are_set);
    Effect::new(move |_| {
        if let Some(Ok(())) = action.value().get() {
            set.set(true);
            toasts.done("The prices hold from now on.");
        }
    });
    let PricesForm {
        currency,
        input_tokens,
        output_tokens,
        characters,
        recognition_minute,
        telephone_minute,
        zone,
    } = prices.form;
    let amount = move |field: &'static str, label: &'static str, value: String| {
        view! {
            <TextField
                field=field
                name=format!("form[{field}]")
                label=label
                value=value
                inputmode="decimal"
                required=true
                maxlength=20
                autocomplete="off"
                error=error
            />
        }
    };
    view! {
        <section class="card stack" id="prices">
            <h2>"Prices"</h2>
            <p class="muted">
                "What the connected services and the telephone network charge. A change holds for calls that end from then on; calls that have ended keep the prices by which they were reckoned. What runs on this machine costs nothing."
            </p>
            {move || {
                (!set.get())
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Warning>
                                "No prices are set yet, so it is not known what calls cost."
                            </Notice>
                        }
                    })
            }}
            <ActionForm action=action attr:class="form">
                <ErrorSummary error=error />
                <div class="field-grid">
                    <TextField
                        field="currency"
                        name="form[currency]"
                        label="Currency"
                        value=currency
                        required=true
                        maxlength=3
                        autocomplete="off"
                        hint="Its three letters, for example USD"
                        error=error
                    />
                    {amount("input_tokens", "A million input tokens", input_tokens)}
                    {amount("output_tokens", "A million output tokens", output_tokens)}
                    {amount("characters", "A million characters spoken", characters)}
                    {amount("recognition_minute", "A minute of speech recognition", recognition_minute)}
                    {amount("telephone_minute", "A minute on the telephone, once begun", telephone_minute)}
                    <TextField
                        field="zone"
                        name="form[zone]"
                        label="Time zone in which a day begins"
                        value=zone
                        required=true
                        maxlength=60
                        autocomplete="off"
                        hint="For what is spent in a day, for example Europe/Berlin"
                        error=error
                    />
                </div>
                <div class="actions">
                    <SubmitButton label="Save the prices" pending=action.pending() />
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}
