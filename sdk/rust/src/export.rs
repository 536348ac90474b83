//! The macro that exports a policy as a component. Holds no logic: that is in `shell`.

/// Exports a policy as a component: `validator` for [`Validate`](crate::Validate), `mutator` for
/// [`Mutate`](crate::Mutate). A module exports only what is named. Once in a crate; does nothing natively.
///
/// ```
/// # use quorate_policy::prelude::*;
/// # struct Labels;
/// # impl Policy for Labels {
/// #     type Settings = NoSettings;
/// #     fn manifest() -> Manifest { Manifest::new("labels", "0.1.0", "") }
/// # }
/// # impl Validate for Labels {
/// #     fn validate(_: &Request<'_>, _: &NoSettings, _: &mut Verdict) -> Result<(), NotJudged> { Ok(()) }
/// # }
/// # impl Mutate for Labels {
/// #     fn mutate(_: &Request<'_>, _: &NoSettings, _: &mut Verdict, _: &mut Edits) -> Result<(), NotJudged> { Ok(()) }
/// # }
/// quorate_policy::export!(Labels: validator, mutator);
/// ```
#[macro_export]
macro_rules! export {
    ($policy:ty: $($interface:ident),+ $(,)?) => {
        const _: () = {
            #[cfg(target_arch = "wasm32")]
            ::std::thread_local! {
                static SETTINGS: $crate::shell::SettingsCell<<$policy as $crate::Policy>::Settings> =
                    const { $crate::shell::SettingsCell::new() };
            }

            #[cfg(target_arch = "wasm32")]
            struct Component;

            #[cfg(target_arch = "wasm32")]
            impl $crate::bindings::guest::exports::quorate::policy::guest::Guest for Component {
                fn manifest() -> ::std::string::String {
                    $crate::component::start();
                    $crate::shell::manifest::<$policy>()
                }

                fn configure(
                    text: ::std::string::String,
                ) -> ::core::result::Result<
                    (),
                    ::std::vec::Vec<$crate::bindings::guest::exports::quorate::policy::guest::SettingsError>,
                > {
                    $crate::component::start();
                    let settings = $crate::shell::configure::<$policy>(&text).map_err($crate::component::settings_errors)?;
                    SETTINGS.with(|cell| cell.set(settings));
                    ::core::result::Result::Ok(())
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::guest::export_guest!(Component with_types_in $crate::bindings::guest);

            $($crate::__export_interface!($interface $policy);)+
        };
    };
}

/// One interface of a policy.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    (validator $policy:ty) => {
        // Native builds know of a missing trait, too.
        const _: fn(
            $crate::HostRef<'_>,
            ::core::option::Option<&<$policy as $crate::Policy>::Settings>,
        ) -> ::core::result::Result<(), ::std::string::String> = $crate::shell::validate::<$policy>;

        #[cfg(target_arch = "wasm32")]
        impl $crate::bindings::validator::exports::quorate::policy::validator::Guest for Component {
            fn validate() -> ::core::result::Result<(), ::std::string::String> {
                let host = $crate::component::Component::new();
                SETTINGS.with(|cell| cell.with(|settings| $crate::shell::validate::<$policy>(&host, settings)))
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::validator::export_validator!(Component with_types_in $crate::bindings::validator);
    };
    (mutator $policy:ty) => {
        const _: fn(
            $crate::HostRef<'_>,
            ::core::option::Option<&<$policy as $crate::Policy>::Settings>,
        ) -> ::core::result::Result<(), ::std::string::String> = $crate::shell::mutate::<$policy>;

        #[cfg(target_arch = "wasm32")]
        impl $crate::bindings::mutator::exports::quorate::policy::mutator::Guest for Component {
            fn mutate() -> ::core::result::Result<(), ::std::string::String> {
                let host = $crate::component::Component::new();
                SETTINGS.with(|cell| cell.with(|settings| $crate::shell::mutate::<$policy>(&host, settings)))
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::mutator::export_mutator!(Component with_types_in $crate::bindings::mutator);
    };
}
