//! The macro that exports a policy as a component: the three functions of the contract, by those of the policy.
//! Knows no rule.

/// Exports a [`Policy`](crate::Policy) as the component's world.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[expect(unsafe_code, reason = "the exported functions of the canonical ABI, generated")]
        const _: () = {
            struct Component;

            impl $crate::bindings::Guest for Component {
                fn describe() -> $crate::Description {
                    $crate::policy::describe::<$policy>()
                }

                fn check_settings(settings: String) -> Vec<$crate::SettingsError> {
                    $crate::policy::check_settings::<$policy>(&settings)
                }

                fn review(
                    envelope: $crate::Envelope,
                    documents: $crate::Documents,
                    settings: String,
                ) -> $crate::Verdict {
                    let facts = $crate::bindings::quorate::policy::rqlite::facts();
                    $crate::policy::review::<$policy>(envelope, documents, &settings, &facts)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
