using Functional.Bench;
using LLama.Native;

// dotnet run -c Release --project bench/LlamaCpp -- check RUN [PROMPT [FAMILY]]
// dotnet run -c Release --project bench/LlamaCpp -- speed
NativeLibraryConfig.All.WithLogCallback(static (level, text) =>
{
    if (level >= LLamaLogLevel.Error) Console.Error.Write(text);
});
switch (args)
{
    case ["check", var run, .. var rest]:
        return await Agreement.Of(run, rest.Length > 0 ? rest[0] : "The king", rest.Length > 1 ? rest[1] : null) ? 0 : 1;
    case ["speed"]:
        await Speed.Measure();
        return 0;
    default:
        Console.Error.WriteLine("expected: check RUN [PROMPT [FAMILY]], or speed");
        return 2;
}
