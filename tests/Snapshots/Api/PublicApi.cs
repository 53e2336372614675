using System.Reflection;

namespace Functional.Tests.Snapshots.Api;

/// <summary>
/// What others may call, as text: a line for each type that can be seen from outside, and one for each of its members, in the order of their names. What the
/// compiler writes for records is left out, and so are overrides of <see cref="object"/>'s methods: nobody can take them away.
/// </summary>
static class PublicApi
{
    const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Of all types of an assembly.</summary>
    public static string Of(Assembly assembly) => Of(assembly.GetTypes());

    /// <summary>Of these types, as far as they can be seen.</summary>
    public static string Of(IEnumerable<Type> types) => string.Join('\n',
        from type in types
        where ApiType.IsSeen(type)
        let text = string.Join("\n    ", [ApiType.Header(type), .. Members(type)]) + "\n"
        orderby TypeText.Full(type)
        select text);

    static IEnumerable<string> Members(Type type) =>
        type.IsEnum ? type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(static f => $"{f.Name} = {f.GetRawConstantValue()}")
        : typeof(Delegate).IsAssignableFrom(type) ? []
        : from member in type.GetMembers(Own)
          let text = ApiMember.Text(member)
          where text.Length > 0
          orderby member.Name, text
          select text;
}
