//! The page on configuration says what the schema says.

#[test]
fn the_page_on_configuration_is_what_the_schema_makes_of_it() {
    expect_test::expect_file!["../../../docs/configuration.md"].assert_eq(&raskt_config::markdown());
}
