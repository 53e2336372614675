using Functional.Execution;

namespace Functional.Cli;

/// <summary><c>functional doctor</c>: what there is to compute on, and what is missing.</summary>
static class DoctorCommand
{
    public static CommandSpec Spec => new("Shows engines, devices and versions on this machine, and what keeps a GPU from being used.",
        [new("--json", null, "one line of JSON and nothing else"), .. EngineFlags.All], Run)
    {
        Details = "With options for the engine it says what they come to; the exit code is 1 only when that is nothing.\n",
        Examples = [new("doctor", "what would be used now"), new("doctor --device cuda:1", "whether the second GPU can be used")],
    };

    static Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var asked = EngineFlags.Asked(given).OrThrow();
        var facts = Doctor.Look();
        terminal.Line(given.Has("--json") ? DoctorReport.Json(facts, asked) : DoctorReport.Text(facts, asked));
        _ = EngineChoice.Resolve(asked, facts.Offers).MapFail(f => EngineFlags.Named(given, f)).OrThrow();
        return Task.FromResult(0);
    }
}
