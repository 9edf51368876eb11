//! The head of a page.

use super::Icon;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// Title, way back, actions. Sets the document's title too.
#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    /// Where this page belongs: address and name.
    #[prop(optional)]
    back: Option<(String, String)>,
    /// A badge beside the title.
    #[prop(optional, into)]
    badge: Option<AnyView>,
    /// The actions, at the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <header class="page-header">
            <div class="titles">
                {back
                    .map(|(address, name)| {
                        view! {
                            <A href=address attr:class="breadcrumb">
                                <Icon name="chevron-left" />
                                {name}
                            </A>
                        }
                    })}
                <div class="title-row">
                    <h1>{title}</h1>
                    {badge}
                </div>
            </div>
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </header>
    }
}
