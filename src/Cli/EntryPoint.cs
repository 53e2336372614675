namespace Functional.Cli;

/// <summary>Where the process begins. In a namespace: a program without one would hide the type of the same name in <c>Functional.Compiling</c>.</summary>
static class EntryPoint
{
    static Task<int> Main(string[] args) => App.Run(args, Terminal.OfProcess());
}
