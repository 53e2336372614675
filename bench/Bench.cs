using System.Globalization;
using Functional.Sessions;

namespace Functional.Bench;

/// <summary>What developers measure with; users have <c>functional bench</c>. One line of JSON a figure.</summary>
// dotnet run -c Release --project bench -- profile LAYERS HEADS WIDTH VOCABULARY BATCH CONTEXT [THREADS]
// dotnet run -c Release --project bench -- rollout LAYERS HEADS WIDTH VOCABULARY ROWS CONTEXT [THREADS]
// dotnet run -c Release --project bench -- compile LAYERS HEADS WIDTH VOCABULARY BATCH CONTEXT
// dotnet run -c Release --project bench -- logs
// dotnet run -c Release --project bench -- serve RUN
// dotnet run -c Release --project bench -- tokens FILE [VOCABULARY]
static class Bench
{
    static async Task<int> Main(string[] args)
    {
        if (args is ["serve", { } run])
        {
            await ServeLoad.Run(run);
            return 0;
        }
        if (args is ["tokens", { } file, ..])
        {
            TokenSpeed.Run(file, args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 4096);
            return 0;
        }
        int Number(int i, int otherwise) => i < args.Length ? int.Parse(args[i], CultureInfo.InvariantCulture) : otherwise;

        var shape = new StepShape(Number(1, 4), Number(2, 4), Number(3, 128), Number(4, 65), Number(5, 12), Number(6, 64));
        switch (args.FirstOrDefault())
        {
            case "profile": Profile.Run(shape, Number(7, Environment.ProcessorCount)); return 0;
            case "rollout": Profile.RollOut(shape, Number(7, Environment.ProcessorCount)); return 0;
            case "compile": CompileTime.Run(shape); return 0;
            case "logs": LogSpeed.Run(); return 0;
            default:
                Console.Error.WriteLine("bench: profile|rollout|compile LAYERS HEADS WIDTH VOCABULARY BATCH CONTEXT [THREADS], logs, serve RUN, or tokens FILE [VOCABULARY]");
                return 2;
        }
    }
}
