namespace Functional.Cli;
static class SampleCommand { public static CommandSpec Spec => new("sample", "x", [], null); }
