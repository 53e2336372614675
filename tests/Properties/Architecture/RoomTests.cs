using System.Reflection;
using Functional.Cli;

namespace Functional.Tests.Properties.Architecture;

/// <summary>A namespace is a room, and each room uses only those before it in the list: read from the assemblies, whatever the files say.</summary>
public sealed class RoomTests
{
    const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // "" is the front door, the facade's own.
    static readonly string[] order =
    [
        "Base", "Execution", "Graphs", "Meaning", "Compiling", "Layers", "Models", "Families", "Learning", "Unicode", "Text", "Subwords", "Formats", "Templates", "Adapters",
        "Dialogues", "Data", "Grammars", "Sampling", "Settings", "Runs", "Stories",
        "Files", "Engines", "Engines.Reference", "Engines.Managed", "Engines.Torch", "Engines.Catalogue", "Storage", "Weights", "Logs", "Reports", "Generation", "Sessions",
        "Measuring", "",
        "Chat", "Server", "Studio", "Cli",
    ];

    static string? Room(Type type) => type.Namespace switch
    {
        "Functional" => "",
        { } name when name.StartsWith("Functional.", StringComparison.Ordinal) => name["Functional.".Length..],
        _ => null,
    };

    static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!) : type.IsGenericParameter ? [] : type.GetGenericArguments().SelectMany(Parts).Append(type);

    static IEnumerable<Type> Named(MemberInfo member) => member switch
    {
        Type type => [type],
        FieldInfo field => [field.DeclaringType!, field.FieldType],
        MethodBase method =>
            [method.DeclaringType!, .. method.GetParameters().Select(static p => p.ParameterType), .. method is MethodInfo m
                ? m.GetGenericArguments().Append(m.ReturnType) : []],
        _ => [],
    };

    static IEnumerable<Type> Used(Type type) =>
        from member in type.GetMembers(Declared).Append(type.BaseType).Concat(type.GetInterfaces()).OfType<MemberInfo>()
        from named in Named(member).Concat(member is MethodBase method ? Instructions.Of(method).SelectMany(static i => i.Member is { } m ? Named(m) : []) : [])
        from part in Parts(named)
        select part;

    static IEnumerable<string> Violations(IEnumerable<Type> types) =>
        from type in types
        let room = Room(type)
        where room is not null
        from used in Used(type)
        let other = Room(used)
        where other is not null && System.Array.IndexOf(order, other) > System.Array.IndexOf(order, room)
        select $"{room}: {type.FullName} uses {used.FullName}";

    // What a document or a constant names, the assembly does not show; a file's usings do.
    static IEnumerable<string> Usings() =>
        from file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.cs", SearchOption.AllDirectories)
        where !file.Split(Path.DirectorySeparatorChar).Any(static part => part is "obj" or "bin")
        let lines = File.ReadAllLines(file)
        let room = lines.Select(Namespace).OfType<string>().FirstOrDefault()
        where room is not null
        from line in lines
        where line.StartsWith("using Functional.", StringComparison.Ordinal)
        let other = line["using Functional.".Length..^1]
        where System.Array.IndexOf(order, other) > System.Array.IndexOf(order, room)
        select $"{Path.GetRelativePath(SourceTree.Root, file)}: using {other}";

    static string? Namespace(string line) =>
        line.StartsWith("namespace Functional", StringComparison.Ordinal) ? line["namespace Functional".Length..^1].TrimStart('.') : null;

    static IEnumerable<Type> Types =>
        new[] { typeof(Tensor).Assembly, typeof(Corpus).Assembly, typeof(IEngine).Assembly, typeof(LanguageModel).Assembly,
            typeof(Functional.Chat.ChatClient).Assembly, typeof(Functional.Server.ModelServer).Assembly, typeof(Functional.Studio.StudioServer).Assembly, typeof(App).Assembly }.SelectMany(static a => a.GetTypes());

    /// <summary>The architecture's table is this list: rooms stand in the first column, in order.</summary>
    [Fact]
    public void The_order_is_the_one_that_is_documented() => Assert.Equal(order.Where(static room => room.Length > 0),
        File.ReadLines(Path.Combine(SourceTree.Root, "docs", "architecture.md")).SkipWhile(static line => line != "## Rooms").TakeWhile(static line =>
            line != "## What one touches")
            .Select(static line => System.Text.RegularExpressions.Regex.Match(line, @"^\| (\*\*(?:Chat|Server|Studio|Cli)\*\* )?`([\w.]+)` \|").Groups[2].Value)
                .Where(static room => room.Length > 0));

    [Fact]
    public void Every_type_is_in_a_room() => Assert.Empty(Types.Select(Room).OfType<string>().Distinct().Except(order));

    [Fact]
    public void A_room_uses_only_those_before_it() =>
        Assert.Equal("", string.Join('\n', Violations(Types).Concat(Usings()).Distinct().Order(StringComparer.Ordinal)));
}
