//! Real gateways with the configurations of `examples/gateways`, in front of the real binary and the upstream of
//! `examples/upstream`. `scripts/gateways` finds them; the name of a test includes its gateway.

mod cases;
mod client;
mod gateway;
#[path = "../binary/server.rs"]
#[allow(dead_code, reason = "the binary's tests need more of it")]
mod server;
mod stage;
#[path = "../../examples/upstream/app.rs"]
mod upstream;

/// Each case with each gateway.
macro_rules! on_each_gateway {
    ($($case:ident),+ $(,)?) => {
        on_each_gateway!(@ through_nginx Nginx, through_envoy EnvoyHttp, through_envoy_grpc EnvoyGrpc, through_caddy Caddy,
            through_traefik Traefik; ($($case),+));
    };
    (@ $($name:ident $kind:ident),+; $cases:tt) => { $(on_each_gateway!(# $name $kind $cases);)+ };
    (# $name:ident $kind:ident ($($case:ident),+)) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::cases::$case(crate::stage::Stage::set(crate::gateway::Kind::$kind).await).await;
            })+
        }
    };
}

on_each_gateway!(
    a_good_key_is_named_to_the_upstream,
    the_upstream_is_told_which_secret_was_used,
    a_client_cannot_name_itself,
    a_key_that_is_missing_or_unknown_is_401,
    the_clients_own_method_is_checked,
    the_requirements_of_a_route_are_checked,
    what_a_client_says_of_its_request_changes_nothing,
    a_client_cannot_ask_the_upstream_for_something_else,
    a_path_written_in_another_way_reaches_nothing,
    a_client_cannot_have_identity_headers_removed,
    what_a_client_says_of_its_address_is_not_believed,
    a_revoked_key_is_refused_at_once,
    live_and_test_data_are_apart,
    the_upstreams_own_errors_pass,
    without_the_verifier_it_is_closed,
    a_verifier_that_hangs_is_closed,
    a_signature_is_of_the_body_that_was_sent,
    what_passes_comes_whole,
    too_many_requests_get_retry_after,
);

/// ingress-nginx, whose controller generates a configuration of nginx. Its own statuses differ: the cases above that
/// check bodies do not apply.
mod through_nginx_ingress {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_whole_address_is_checked() {
        crate::cases::the_whole_address_is_checked(crate::stage::Stage::set(crate::gateway::Kind::IngressNginx).await)
            .await;
    }
}
